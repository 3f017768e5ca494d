//! The sessions of a test in a database of Redis.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use dwell::{
    Instant,
    store::{RedisStore, SessionKey, Store, async_trait},
};
use dwell_conformance::{ByHand, Deed, START, Subject};
use fred::{
    clients::Client,
    interfaces::{ClientLike as _, LuaInterface as _},
    types::{Builder, config::Config},
};

use super::{CONNECTIONS, engines::redis};

/// Replaces the clock of Redis by the value of a key. The script that sets it is as atomic as all
/// others.
const CLOCK: &str = "
    local function time()
        return tonumber(redis.call('GET', '{dwell}:clock_of_the_test'))
    end
";

/// A database that two nodes use.
pub struct Redis {
    nodes: [Arc<RedisStore>; 2],
    /// The connection of the operator, which also moves the clock.
    pub client: Client,
}

impl Redis {
    pub async fn start() -> Self {
        let url = url();
        let client = connect(&url).await;
        set_clock(&client, START).await;
        let node = async || {
            let node = RedisStore::builder(&url.parse().unwrap())
                .connections(CONNECTIONS)
                .time_from_lua(CLOCK);
            Arc::new(node.connect().await.unwrap())
        };
        Self {
            nodes: [node().await, node().await],
            client,
        }
    }

    /// Starts two nodes that use the real clock of Redis.
    pub async fn nodes() -> [Arc<dyn Store>; 2] {
        let url = url().parse().unwrap();
        let node = || RedisStore::connect(&url, CONNECTIONS);
        [
            Arc::new(node().await.unwrap()),
            Arc::new(node().await.unwrap()),
        ]
    }
}

#[async_trait]
impl Subject for Redis {
    fn store(&self) -> Arc<dyn Store> {
        self.nodes[0].clone()
    }

    fn elsewhere(&self) -> Arc<dyn Store> {
        self.nodes[1].clone()
    }

    async fn set_clock(&self, now: Instant) {
        set_clock(&self.client, now).await;
    }

    async fn sessions_kept(&self) -> u64 {
        let script = "return #redis.call('KEYS', '{dwell}:session:*')";
        self.client.eval(script, (), ()).await.unwrap()
    }

    async fn personal_data(&self, key: SessionKey) -> String {
        let script = "local stored = ''
            for _, field in ipairs({ 'data', 'address', 'browser', 'credential',
                    'issuer', 'subject', 'provider_session' }) do
                stored = stored .. (redis.call('HGET', ARGV[1], field) or '')
            end
            return stored";
        let name = format!("{{dwell}}:session:{}", key.to_hex());
        let stored: String = self.client.eval(script, (), name).await.unwrap();
        stored.replace("{}", "")
    }
}

#[async_trait]
impl ByHand for Redis {
    async fn by_hand(&self, deed: Deed, key: SessionKey) {
        let script = match deed {
            Deed::End => "redis.call('HSET', ARGV[1], 'ended_at', 1, 'end_reason', 'revoked')",
            Deed::Postpone => {
                "redis.call('HINCRBY', ARGV[1], 'last_active_at', 3600000)
                 redis.call('HINCRBY', ARGV[1], 'authenticated_at', 3600000)
                 redis.call('ZINCRBY', '{dwell}:by_last_activity', 3600000, ARGV[2])"
            }
            Deed::Delete => "redis.call('DEL', ARGV[1])",
            Deed::DeleteAll => {
                "local now = redis.call('GET', '{dwell}:clock_of_the_test')
                 redis.call('FLUSHDB')
                 redis.call('SET', '{dwell}:clock_of_the_test', now)"
            }
        };
        let digits = key.to_hex();
        let name = format!("{{dwell}}:session:{digits}");
        let done = self
            .client
            .eval::<(), _, _, _>(script, (), vec![name, digits]);
        done.await.unwrap();
    }
}

async fn set_clock(client: &Client, now: Instant) {
    let script = "redis.call('SET', '{dwell}:clock_of_the_test', ARGV[1])";
    let done = client.eval::<(), _, _, _>(script, (), now.as_millis());
    done.await.unwrap();
}

async fn connect(url: &str) -> Client {
    let config = Config::from_url(url).unwrap();
    let client = Builder::from_config(config).build().unwrap();
    client.init().await.unwrap();
    client
}

/// Returns the URL of a database that no other test uses.
fn url() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    redis().url("redis", "", &COUNT.fetch_add(1, SeqCst).to_string())
}
