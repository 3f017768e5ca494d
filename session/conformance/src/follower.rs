//! Somebody who follows a store.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use dwell::{
    Instant,
    clock::{Clock as _, SystemClock},
    store::{Listener, SessionKey, Store},
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// Longer than any store takes to report something.
const SOON: Duration = Duration::from_secs(60);

const LOOK_AGAIN: Duration = Duration::from_millis(10);

const FOLLOW_AGAIN: Duration = Duration::from_millis(100);

/// A [`Listener`] that remembers what a store reports.
#[derive(Debug)]
pub struct Follower {
    clock: SystemClock,
    ended: Mutex<HashSet<SessionKey>>,
    served: Mutex<Vec<SessionKey>>,
    confirmed: Mutex<HashSet<SessionKey>>,
    reported: watch::Sender<Reported>,
}

/// How far a store has come in its report.
#[derive(Debug, Default)]
struct Reported {
    begun: u32,
    caught_up: Option<CaughtUp>,
}

#[derive(Debug, Clone, Copy)]
struct CaughtUp {
    asked_at: Instant,
    /// The store's time, if the store has told it.
    now: Option<Instant>,
}

impl Follower {
    /// Follows `store` in a task of its own, and follows it again whenever that fails.
    pub fn start(store: Arc<dyn Store>) -> (Arc<Self>, JoinHandle<()>) {
        let follower = Arc::new(Self {
            clock: SystemClock::start(),
            ended: Mutex::default(),
            served: Mutex::default(),
            confirmed: Mutex::default(),
            reported: watch::Sender::default(),
        });
        let following = follower.follow(store);
        (follower, following)
    }

    /// Follows `store`, as [`start`](Self::start) does, and adds to what has been reported before.
    pub fn follow(self: &Arc<Self>, store: Arc<dyn Store>) -> JoinHandle<()> {
        let follower = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                let _ = store.follow(follower.clone()).await;
                sleep(FOLLOW_AGAIN).await;
            }
        })
    }

    /// Counts these sessions among those that were served without asking the store.
    pub fn serve(&self, served: &[SessionKey]) {
        self.served.lock().unwrap().extend(served);
    }

    /// Whether the store has reported that this session has ended.
    pub fn heard_end_of(&self, key: SessionKey) -> bool {
        self.ended.lock().unwrap().contains(&key)
    }

    /// Whether the store has said, since this was last called, that this session lives.
    pub fn take_confirmation(&self, key: SessionKey) -> bool {
        self.confirmed.lock().unwrap().remove(&key)
    }

    /// How often the store has begun to report.
    pub fn begun(&self) -> u32 {
        self.reported.borrow().begun
    }

    /// Waits until the store has reported everything that had happened before this was called.
    /// Returns the time on the store's clock, if the store has a clock of its own.
    ///
    /// # Panics
    ///
    /// The store has not caught up within a minute.
    pub async fn caught_up(&self) -> Option<Instant> {
        let now = self.clock.now();
        let mut reported = self.reported.subscribe();
        let is_later = |caught_up: CaughtUp| caught_up.asked_at > now;
        let caught_up = reported.wait_for(|reported| reported.caught_up.is_some_and(is_later));
        let Ok(Ok(reported)) = timeout(SOON, caught_up).await else {
            panic!("the store does not tell its listener that it has caught up");
        };
        reported.caught_up.and_then(|caught_up| caught_up.now)
    }

    fn set_caught_up(&self, asked_at: Instant, now: Option<Instant>) {
        let caught_up = Some(CaughtUp { asked_at, now });
        self.reported
            .send_modify(|reported| reported.caught_up = caught_up);
    }
}

/// Waits for something that happens without a sign.
pub(crate) async fn eventually(what: &str, mut has_happened: impl FnMut() -> bool) {
    let waiting = async {
        while !has_happened() {
            sleep(LOOK_AGAIN).await;
        }
    };
    if timeout(SOON, waiting).await.is_err() {
        panic!("this has not happened within {SOON:?}: {what}");
    }
}

impl Listener for Follower {
    fn time(&self) -> Instant {
        self.clock.now()
    }

    fn begin(&self) {
        self.reported.send_modify(|reported| {
            reported.begun += 1;
            reported.caught_up = None;
        });
    }

    fn ended(&self, key: SessionKey) {
        self.ended.lock().unwrap().insert(key);
    }

    fn take_served(&self) -> Vec<SessionKey> {
        std::mem::take(&mut *self.served.lock().unwrap())
    }

    fn confirm(&self, live: &[SessionKey], _: Instant) {
        self.confirmed.lock().unwrap().extend(live);
    }

    fn caught_up(&self, asked_at: Instant, now: Instant) {
        self.set_caught_up(asked_at, Some(now));
    }

    fn always_caught_up(&self) {
        self.set_caught_up(Instant::from_millis(i64::MAX), None);
    }
}
