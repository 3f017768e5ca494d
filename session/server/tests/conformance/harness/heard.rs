//! Somebody who follows a store.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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

/// Longer than a node waits to hear itself.
const SOON: Duration = Duration::from_secs(10);

const FOLLOW_AGAIN: Duration = Duration::from_millis(100);

/// Keeps what it is told.
#[derive(Debug)]
pub struct Heard {
    clock: SystemClock,
    ended: Mutex<HashSet<SessionKey>>,
    served: Mutex<Vec<SessionKey>>,
    confirmed: Mutex<HashSet<SessionKey>>,
    /// How often it has begun, and until when it has been told everything since.
    pub caught_up: watch::Sender<(u32, Option<Told>)>,
}

#[derive(Debug, Clone, Copy)]
pub struct Told {
    asked_at: Instant,
    pub now: Option<Instant>,
}

impl Heard {
    pub fn of(store: Arc<dyn Store>) -> (Arc<Self>, JoinHandle<()>) {
        let heard = Arc::new(Self {
            clock: SystemClock::start(),
            ended: Mutex::default(),
            served: Mutex::default(),
            confirmed: Mutex::default(),
            caught_up: watch::Sender::new((0, None)),
        });
        (heard.clone(), follow(store, heard))
    }

    pub fn serve(&self, served: [SessionKey; 2]) {
        self.served.lock().unwrap().extend(served);
    }

    pub fn ended(&self) -> MutexGuard<'_, HashSet<SessionKey>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the store has said, since this was last asked, that the session lives.
    pub fn is_confirmed(&self, key: SessionKey) -> bool {
        self.confirmed.lock().unwrap().remove(&key)
    }

    /// How often it has begun.
    pub fn begun(&self) -> u32 {
        self.caught_up.borrow().0
    }

    /// Waits until everything has been told that had happened when it was called.
    pub async fn everything(&self) -> Told {
        let now = self.clock.now();
        let mut caught_up = self.caught_up.subscribe();
        let told = caught_up.wait_for(|(_, told)| told.is_some_and(|told| told.asked_at > now));
        let told = timeout(SOON, told).await.unwrap().unwrap().1;
        told.unwrap()
    }
}

/// Follows again whenever that fails, as a node does.
pub fn follow(store: Arc<dyn Store>, heard: Arc<Heard>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let _ = store.follow(heard.clone()).await;
            sleep(FOLLOW_AGAIN).await;
        }
    })
}

impl Listener for Heard {
    fn time(&self) -> Instant {
        self.clock.now()
    }

    fn begin(&self) {
        self.caught_up.send_modify(|(begun, told)| {
            *begun += 1;
            *told = None;
        });
    }

    fn ended(&self, key: SessionKey) {
        self.ended().insert(key);
    }

    fn take_served(&self) -> Vec<SessionKey> {
        std::mem::take(&mut *self.served.lock().unwrap())
    }

    fn confirm(&self, live: &[SessionKey], _: Instant) {
        self.confirmed.lock().unwrap().extend(live);
    }

    fn caught_up(&self, asked_at: Instant, now: Instant) {
        let now = Some(now);
        let told = Some(Told { asked_at, now });
        self.caught_up.send_modify(|caught_up| caught_up.1 = told);
    }

    fn always_caught_up(&self) {
        let asked_at = Instant::from_millis(i64::MAX);
        let told = Some(Told {
            asked_at,
            now: None,
        });
        self.caught_up.send_modify(|caught_up| caught_up.1 = told);
    }
}
