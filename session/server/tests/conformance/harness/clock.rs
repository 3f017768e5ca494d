//! The clock of an engine, moved by the test.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use dwell::{Instant, clock::ManualClock};
#[cfg(feature = "redis")]
use fred::{
    clients::Client,
    interfaces::{ClientLike as _, LuaInterface as _},
};
use tokio::sync::Mutex;

/// Where each test begins.
pub const START: Instant = Instant::from_millis(1_700_000_000_000);

/// Instead of the server's: what the key holds. The script that sets it is as atomic as any.
#[cfg(feature = "redis")]
pub const REDIS_TIME: &str = "
    local function time()
        return tonumber(redis.call('GET', '{dwell}:clock_of_the_test'))
    end
";

/// Instead of PostgreSQL's: a sequence, which every statement sees at once, whatever transaction
/// it is in.
#[cfg(feature = "postgres")]
pub const POSTGRES_TIME: &str = "
    create sequence clock_of_the_test;
    create or replace function dwell_session_clock() returns bigint language sql volatile
    as 'select last_value from clock_of_the_test'
";

/// Moves the time that an engine goes by.
pub struct TestClock {
    now: AtomicI64,
    /// Held while it is moved, so that no move is lost.
    moving: Mutex<()>,
    moved: Moved,
}

/// What is moved.
pub enum Moved {
    #[cfg(feature = "sqlite")]
    Process(Arc<ManualClock>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
    #[cfg(feature = "redis")]
    Redis(Client),
}

impl TestClock {
    pub async fn moving(moved: Moved) -> Self {
        let clock = Self {
            now: AtomicI64::new(START.as_millis()),
            moving: Mutex::default(),
            moved,
        };
        clock.advance(Duration::ZERO).await;
        clock
    }

    pub fn now(&self) -> Instant {
        Instant::from_millis(self.now.load(SeqCst))
    }

    pub async fn advance(&self, duration: Duration) {
        let _moving = self.moving.lock().await;
        let now = self.now() + duration;
        match &self.moved {
            #[cfg(feature = "sqlite")]
            Moved::Process(clock) => clock.advance(duration),
            #[cfg(any(feature = "postgres", feature = "redis"))]
            _ => self.turn_to(now).await,
        }
        self.now.store(now.as_millis(), SeqCst);
    }

    /// The engine's clock is set back.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub async fn set_back(&self, duration: Duration) {
        let _moving = self.moving.lock().await;
        let now = self.now() - duration;
        self.turn_to(now).await;
        self.now.store(now.as_millis(), SeqCst);
    }

    #[cfg(any(feature = "postgres", feature = "redis"))]
    async fn turn_to(&self, now: Instant) {
        match &self.moved {
            #[cfg(feature = "sqlite")]
            Moved::Process(_) => panic!("the clock of a process never goes back"),
            #[cfg(feature = "postgres")]
            Moved::Postgres(pool) => {
                sqlx::query("select setval('clock_of_the_test', $1)")
                    .bind(now.as_millis())
                    .execute(pool)
                    .await
                    .unwrap();
            }
            #[cfg(feature = "redis")]
            Moved::Redis(client) => {
                let script = "redis.call('SET', '{dwell}:clock_of_the_test', ARGV[1])";
                client
                    .eval::<(), _, _, _>(script, (), now.as_millis())
                    .await
                    .unwrap();
            }
        }
    }
}

#[cfg(feature = "redis")]
pub async fn redis_client(url: &str) -> Client {
    let config = fred::types::config::Config::from_url(url).unwrap();
    let client = fred::types::Builder::from_config(config).build().unwrap();
    client.init().await.unwrap();
    client
}
