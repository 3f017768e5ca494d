//! What a store reports of ends while it is followed. It may also report the ends of sessions that
//! are none of its own, such as those of other tests on the same server.

use std::time::Duration;

use dwell::EndReason;

use crate::{Bench, Follower, follower::eventually, new_session, sweep};

/// Whichever node has ended the session, and for whatever reason.
pub(crate) async fn every_end_is_told(bench: &Bench) {
    let (follower, _following) = Follower::start(bench.store.clone());
    follower.caught_up().await;
    let elsewhere = match bench.store.clock() {
        // It is for one process, and no other node ends sessions in it.
        Some(_) => &bench.store,
        None => &bench.elsewhere,
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

    follower.caught_up().await;
    for ended in [here, there, replaced, revoked, overdue] {
        assert!(follower.heard_end_of(ended.key));
    }
    for session in [alive, successor] {
        assert!(bench.is_live(&session).await);
        assert!(!follower.heard_end_of(session.key));
    }
}

pub(crate) async fn a_touch_ends_nothing(bench: &Bench) {
    let (follower, _following) = Follower::start(bench.store.clone());
    let session = bench.session().await;
    bench.advance(Duration::from_secs(1)).await;
    bench.touch(session.key, bench.now()).await;
    let touches = [(session.key, bench.now())];
    bench.store.touch_all(&touches).await.unwrap();
    follower.caught_up().await;
    assert!(!follower.heard_end_of(session.key));
}

/// Of what has ended while nobody followed nothing is known: the listener has to begin again.
pub(crate) async fn whoever_follows_again_begins_again(bench: &Bench) {
    let (follower, following) = Follower::start(bench.store.clone());
    follower.caught_up().await;
    following.abort();
    let _ = following.await;
    let begun = follower.begun();
    let missed = bench.session().await;
    bench.end(missed.key, EndReason::SignedOut).await;

    let _following = follower.follow(bench.store.clone());
    eventually("the listener begins again", || follower.begun() > begun).await;
    follower.caught_up().await;
    let session = bench.session().await;
    bench.end(session.key, EndReason::SignedOut).await;
    follower.caught_up().await;
    assert!(follower.heard_end_of(session.key));
    assert!(!follower.heard_end_of(missed.key));
}
