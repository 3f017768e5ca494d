//! The clock of an engine, moved by the test.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use dwell_server::clock::ManualClock;
use dwell_session::Instant;
use fred::{
    clients::Client,
    interfaces::{ClientLike as _, LuaInterface as _},
};
use sqlx::AnyPool;
use tokio::sync::Mutex;

/// Where each test begins.
pub const START: Instant = Instant::from_millis(1_700_000_000_000);

/// Instead of the server's: what the key holds. The script that sets it is as atomic as any.
pub const REDIS_TIME: &str = "
    local function time()
        return tonumber(redis.call('GET', '{dwell}:clock_of_the_test'))
    end
";

/// Instead of PostgreSQL's: a sequence, which every statement sees at once, whatever transaction
/// it is in.
pub const POSTGRES_TIME: &str = "
    create sequence clock_of_the_test;
    create or replace function dwell_clock() returns bigint language sql volatile
    as 'select last_value from clock_of_the_test'
";

/// Moves the time that an engine goes by.
pub struct TestClock {
    now: AtomicI64,
    /// Held while it is moved, so that no move is lost.
    moving: Mutex<()>,
    hands: Hands,
}

pub enum Hands {
    Process(Arc<ManualClock>),
    Postgres(AnyPool),
    Redis(Client),
}

impl TestClock {
    pub async fn with(hands: Hands) -> Self {
        let clock = Self {
            now: AtomicI64::new(START.as_millis()),
            moving: Mutex::default(),
            hands,
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
        match &self.hands {
            Hands::Process(clock) => clock.advance(duration),
            Hands::Postgres(_) | Hands::Redis(_) => self.turn_to(now).await,
        }
        self.now.store(now.as_millis(), SeqCst);
    }

    /// The engine's clock is set back.
    pub async fn set_back(&self, duration: Duration) {
        let _moving = self.moving.lock().await;
        let now = self.now() - duration;
        self.turn_to(now).await;
        self.now.store(now.as_millis(), SeqCst);
    }

    async fn turn_to(&self, now: Instant) {
        match &self.hands {
            Hands::Process(_) => panic!("the clock of a process never goes back"),
            Hands::Postgres(pool) => {
                sqlx::query("select setval('clock_of_the_test', $1)")
                    .bind(now.as_millis())
                    .execute(pool)
                    .await
                    .unwrap();
            }
            Hands::Redis(client) => {
                let script = "redis.call('SET', '{dwell}:clock_of_the_test', ARGV[1])";
                client
                    .eval::<(), _, _, _>(script, (), now.as_millis())
                    .await
                    .unwrap();
            }
        }
    }

    /// What a process has that goes by another's clock: one that is wrong.
    pub fn of_process(&self) -> Arc<ManualClock> {
        match &self.hands {
            Hands::Process(clock) => clock.clone(),
            Hands::Postgres(_) | Hands::Redis(_) => {
                Arc::new(ManualClock::at(Instant::from_millis(7)))
            }
        }
    }
}

pub async fn redis_client(url: &str) -> Client {
    let config = fred::types::config::Config::from_url(url).unwrap();
    let client = fred::types::Builder::from_config(config).build().unwrap();
    client.init().await.unwrap();
    client
}
