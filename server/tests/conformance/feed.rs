//! What a store tells of ends, while it is followed. On Redis it is told of those of other databases
//! of the same server too, which are those of other tests here.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dwell_server::{
    clock::{Clock, SystemClock},
    store::{Listener, SessionKey, Store},
};
use dwell_session::{EndReason, Instant};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::harness::{Bench, ByHand, Kind, new_session, sweep};

/// Longer than a node waits to hear itself.
const SOON: Duration = Duration::from_secs(10);

/// Keeps what it is told.
#[derive(Debug)]
struct Heard {
    clock: SystemClock,
    ended: Mutex<HashSet<SessionKey>>,
    served: Mutex<Vec<SessionKey>>,
    /// How often it has begun, and until when it has been told everything since.
    caught_up: watch::Sender<(u32, Option<Told>)>,
}

#[derive(Debug, Clone, Copy)]
struct Told {
    asked_at: Instant,
    now: Option<Instant>,
}

impl Heard {
    fn of(store: Arc<dyn Store>) -> (Arc<Self>, JoinHandle<()>) {
        let heard = Arc::new(Self {
            clock: SystemClock::start(),
            ended: Mutex::default(),
            served: Mutex::default(),
            caught_up: watch::Sender::new((0, None)),
        });
        (heard.clone(), follow(store, heard))
    }

    fn serve(&self, served: [SessionKey; 2]) {
        self.served.lock().unwrap().extend(served);
    }

    fn ended(&self) -> MutexGuard<'_, HashSet<SessionKey>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything has been told that had happened when it was called.
    async fn everything(&self) -> Told {
        let now = self.clock.now();
        let mut caught_up = self.caught_up.subscribe();
        let told = caught_up.wait_for(|(_, told)| told.is_some_and(|told| told.asked_at > now));
        let told = timeout(SOON, told).await.unwrap().unwrap().1;
        told.unwrap()
    }
}

fn follow(store: Arc<dyn Store>, heard: Arc<Heard>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let error = store.follow(heard).await;
        panic!("nothing is told any more: {error:?}");
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

/// By which node it was, and whatever ended it.
async fn every_end_is_told(bench: &Bench) {
    let (heard, _following) = Heard::of(bench.store.clone());
    heard.everything().await;
    let elsewhere = match bench.kind {
        // Nobody else writes to an embedded one.
        Kind::Sqlite => &bench.store,
        Kind::Postgres | Kind::Redis => &bench.elsewhere,
    };
    let account = bench.account().await;
    let [alive, overdue] = [bench.session().await, bench.session().await];
    bench.advance(bench.policy.idle() / 2).await;
    bench.touch(alive.key, bench.now()).await;
    let [here, there, replaced, revoked] = [
        bench.session().await,
        bench.session().await,
        bench.session().await,
        bench.session_of(account).await,
    ];
    bench.advance(bench.policy.idle() / 2).await;
    assert!(bench.end(here.key, EndReason::SignedOut).await);
    let ended = elsewhere.end(there.key, EndReason::SignedOut).await;
    assert!(ended.unwrap());
    let successor = new_session(replaced.account);
    let rotated = elsewhere.rotate(replaced.key, successor.clone()).await;
    assert!(rotated.unwrap().is_some());
    let nobody = new_session(account).key;
    let ended = elsewhere.end_others(account, nobody, EndReason::Revoked);
    assert_eq!(ended.await.unwrap(), [revoked.key]);
    let swept = sweep(elsewhere).await;
    assert_eq!(swept.len(), 1);

    heard.everything().await;
    let expected = [&here, &there, &replaced, &revoked, &overdue].map(|session| session.key);
    assert!(heard.ended().is_superset(&HashSet::from(expected)));
    for session in [alive, successor] {
        assert!(bench.is_live(&session).await);
        assert!(!heard.ended().contains(&session.key));
    }
}

/// An operator's tools ask nobody. What is served all the same is looked after.
async fn what_is_ended_or_deleted_by_hand_is_told(bench: &Bench) {
    let (heard, _following) = Heard::of(bench.store.clone());
    for deed in [ByHand::End, ByHand::Delete, ByHand::Empty] {
        let [served, staying] = [bench.session().await.key, bench.session().await.key];
        heard.serve([served, staying]);
        heard.everything().await;
        bench.by_hand(deed, served).await;
        while !heard.ended().contains(&served) {
            heard.serve([served, staying]);
            sleep(Duration::from_millis(10)).await;
        }
        let is_gone = matches!(deed, ByHand::Empty);
        assert!(is_gone || !heard.ended().contains(&staying), "{deed:?}");
    }
}

async fn a_touch_ends_nothing(bench: &Bench) {
    let (heard, _following) = Heard::of(bench.store.clone());
    let session = bench.session().await;
    bench.advance(Duration::from_secs(1)).await;
    bench.touch(session.key, bench.now()).await;
    let touches = [(session.key, bench.now())];
    bench.store.touch_all(&touches).await.unwrap();
    heard.everything().await;
    assert!(!heard.ended().contains(&session.key));
}

/// The engines with a clock of their own tell it.
async fn the_stores_time_is_told(bench: &Bench) {
    let (heard, _following) = Heard::of(bench.store.clone());
    assert_eq!(heard.everything().await.now, Some(bench.now()));
    bench.advance(Duration::from_secs(3_600)).await;
    assert_eq!(heard.everything().await.now, Some(bench.now()));
}

/// What is told while nobody follows is told to nobody: the listener is to begin anew.
async fn whoever_follows_again_begins_again(bench: &Bench) {
    let (heard, following) = Heard::of(bench.store.clone());
    heard.everything().await;
    following.abort();
    let _ = following.await;
    let missed = bench.session().await;
    bench.end(missed.key, EndReason::SignedOut).await;

    let _following = follow(bench.store.clone(), heard.clone());
    while heard.caught_up.borrow().0 < 2 {
        sleep(Duration::from_millis(1)).await;
    }
    heard.everything().await;
    let session = bench.session().await;
    bench.end(session.key, EndReason::SignedOut).await;
    heard.everything().await;
    assert!(heard.ended().contains(&session.key));
    assert!(!heard.ended().contains(&missed.key));
}

on_every_engine! {
    every_end_is_told,
    what_is_ended_or_deleted_by_hand_is_told,
    a_touch_ends_nothing,
    whoever_follows_again_begins_again,
}
on_engine!(postgres_alone, Postgres, the_stores_time_is_told);
on_engine!(redis_alone, Redis, the_stores_time_is_told);
