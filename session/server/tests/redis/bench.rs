//! The database of a test, with a clock that the test moves.

use std::{
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    time::Duration,
};

use dwell::{
    Connections, Generation, Instant, PersonId,
    store::{
        Lookup, NewSession, Origin, Presence, RedisError, RedisStore, RedisStoreBuilder, RedisUrl,
        Session, SessionId, SessionKey, SessionLimits, Store as _, Tombstone,
    },
};
use fred::{
    clients::Client,
    interfaces::{ClientLike as _, LuaInterface as _},
    types::{Builder, FromValue, config::Config},
};
use serde_json::json;

use crate::engines::redis;

pub const MS: Duration = Duration::from_millis(1);
pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3_600);

/// The limits of most sessions in these tests.
pub const LIMITS: SessionLimits = SessionLimits {
    idle: HOUR,
    absolute: Duration::from_secs(8 * 3_600),
};

/// The Lua function `time`, which reads the clock of the test.
pub const TIME: &str = "
    local function time()
        return tonumber(redis.call('GET', '{dwell}:clock_of_the_test'))
    end
";

pub struct Bench {
    url: RedisUrl,
    client: Client,
}

impl Bench {
    pub async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = redis().url("redis", "", &COUNT.fetch_add(1, SeqCst).to_string());
        let config = Config::from_url(&url).unwrap();
        let client = Builder::from_config(config).build().unwrap();
        client.init().await.unwrap();
        let bench = Self {
            url: url.parse().unwrap(),
            client,
        };
        let script = "redis.call('SET', '{dwell}:clock_of_the_test', '1700000000000')";
        bench.run::<()>(script, []).await;
        bench
    }

    /// Runs `script` with `arguments` and returns its result.
    pub async fn run<Answer: FromValue>(
        &self,
        script: &str,
        arguments: impl IntoIterator<Item = String>,
    ) -> Answer {
        let arguments: Vec<String> = arguments.into_iter().collect();
        self.client.eval(script, (), arguments).await.unwrap()
    }

    pub async fn now(&self) -> Instant {
        let script = "return tonumber(redis.call('GET', '{dwell}:clock_of_the_test'))";
        Instant::from_millis(self.run(script, []).await)
    }

    pub async fn advance(&self, duration: Duration) {
        let script = "redis.call('INCRBY', '{dwell}:clock_of_the_test', ARGV[1])";
        self.run::<()>(script, [duration.as_millis().to_string()])
            .await;
    }

    pub async fn keys(&self, pattern: &str) -> Vec<String> {
        self.run("return redis.call('KEYS', ARGV[1])", [pattern.to_owned()])
            .await
    }

    pub fn builder(&self) -> RedisStoreBuilder {
        let connections = Connections {
            limit: 2,
            timeout: Duration::from_secs(30),
        };
        let builder = RedisStore::builder(&self.url);
        builder.connections(connections).time_from_lua(TIME)
    }

    pub async fn connect(&self) -> Result<RedisStore, RedisError> {
        self.builder().connect().await
    }
}

pub fn new_session(person: impl Into<PersonId>, limits: SessionLimits) -> NewSession {
    NewSession {
        key: SessionKey::of(&SessionId::default()),
        person: person.into(),
        generation: Generation::from_random(rand::random()),
        limits,
        authenticated_ago: Duration::ZERO,
        credential: None,
        provider: None,
        origin: Origin {
            address: "192.0.2.7".into(),
            browser: "A browser/1.0".into(),
        },
        data: [("theme".into(), json!("dark"))].into(),
    }
}

pub async fn create(store: &RedisStore, limits: SessionLimits) -> SessionKey {
    let session = new_session(7_u32, limits);
    store.create(session.clone()).await.unwrap();
    session.key
}

pub async fn found(store: &RedisStore, key: SessionKey) -> Session {
    match store.find(key).await.unwrap().presence {
        Presence::Found(session) => session,
        presence => panic!("{presence:?}"),
    }
}

pub async fn tombstone(store: &RedisStore, key: SessionKey) -> Tombstone {
    match store.find(key).await.unwrap().presence {
        Presence::Ended(tombstone) => tombstone,
        presence => panic!("{presence:?}"),
    }
}

pub fn is_unknown(lookup: &Lookup) -> bool {
    matches!(lookup.presence, Presence::Unknown)
}
