//! What a store tells of ends, while it is followed. On Redis it is told of those of other databases
//! of the same server too, which are those of other tests here.

use std::{collections::HashSet, time::Duration};

use dwell::EndReason;
use tokio::time::sleep;

use crate::harness::{Bench, ByHand, Heard, Kind, follow, new_session, sweep};

/// By which node it was, and whatever ended it.
async fn every_end_is_told(bench: &Bench) {
    let (heard, _following) = Heard::of(bench.store.clone());
    heard.everything().await;
    let elsewhere = match bench.kind {
        // Nobody else writes to this one.
        #[cfg(feature = "sqlite")]
        Kind::Sqlite => &bench.store,
        #[cfg(any(feature = "postgres", feature = "redis"))]
        _ => &bench.elsewhere,
    };
    let person = bench.person();
    let [alive, overdue] = [bench.session().await, bench.session().await];
    bench.advance(bench.policy.idle() / 2).await;
    bench.touch(alive.key, bench.now()).await;
    let [here, there, replaced, revoked] = [
        bench.session().await,
        bench.session().await,
        bench.session().await,
        bench.session_of(&person).await,
    ];
    bench.advance(bench.policy.idle() / 2).await;
    assert!(bench.end(here.key, EndReason::SignedOut).await);
    let ended = elsewhere.end(there.key, EndReason::SignedOut).await;
    assert!(ended.unwrap());
    let successor = new_session(&replaced.person);
    let rotated = elsewhere.rotate(replaced.key, successor.clone()).await;
    assert!(rotated.unwrap().is_some());
    let nobody = new_session(&person).key;
    let ended = elsewhere.end_others(&person, nobody, EndReason::Revoked);
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

/// An operator's tools ask nobody. SQLite's store finds out that somebody has written, and a shared
/// one looks after what is served all the same.
async fn what_is_ended_or_deleted_by_hand_is_told(bench: &Bench) {
    let (heard, _following) = Heard::of(bench.store.clone());
    for deed in [ByHand::End, ByHand::Delete, ByHand::Empty] {
        let [served, staying] = [bench.session().await.key, bench.session().await.key];
        heard.serve([served, staying]);
        heard.everything().await;
        let begun = heard.begun();
        bench.by_hand(deed, served).await;
        let is_told = || match bench.kind {
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => heard.begun() > begun,
            #[cfg(any(feature = "postgres", feature = "redis"))]
            _ => heard.ended().contains(&served),
        };
        while !is_told() {
            heard.serve([served, staying]);
            sleep(Duration::from_millis(10)).await;
        }
        let is_gone = matches!(deed, ByHand::Empty);
        assert!(is_gone || !heard.ended().contains(&staying), "{deed:?}");
    }
    // What is left of them does not stop the sweep.
    let overdue = bench.session().await.key;
    bench.advance(bench.policy.absolute()).await;
    let swept = sweep(&bench.store).await;
    assert!(swept.iter().any(|swept| swept.key == overdue));
}

/// What is served without asking the store is confirmed by it soon after, and what has ended is not.
#[cfg(any(feature = "postgres", feature = "redis"))]
async fn what_is_served_and_lives_is_confirmed(bench: &Bench) {
    let (heard, _following) = Heard::of(bench.store.clone());
    heard.everything().await;
    let [alive, ended] = [bench.session().await.key, bench.session().await.key];
    bench.end(ended, EndReason::SignedOut).await;
    while !heard.is_confirmed(alive) {
        heard.serve([alive, ended]);
        sleep(Duration::from_millis(10)).await;
    }
    assert!(!heard.is_confirmed(ended));
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
#[cfg(any(feature = "postgres", feature = "redis"))]
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
    let begun = heard.begun();
    let missed = bench.session().await;
    bench.end(missed.key, EndReason::SignedOut).await;

    let _following = follow(bench.store.clone(), heard.clone());
    while heard.begun() == begun {
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

#[cfg(any(feature = "postgres", feature = "redis"))]
mod shared {
    use super::{the_stores_time_is_told, what_is_served_and_lives_is_confirmed};

    on_postgres!(
        the_stores_time_is_told,
        what_is_served_and_lives_is_confirmed
    );
    on_redis!(
        the_stores_time_is_told,
        what_is_served_and_lives_is_confirmed
    );
}
