//! What an end leaves, and that it stays one.

use dwell::{EndReason, store::Presence};

use crate::{Bench, LookupExt as _, new_session, sweep};

pub(crate) async fn an_end_is_told_with_its_reason_and_stays(bench: &Bench) {
    for reason in EndReason::ALL {
        let session = bench.session().await;
        assert!(bench.is_live(&session).await);
        assert!(bench.end(session.key, reason).await);
        assert!(!bench.is_live(&session).await);
        assert!(!bench.end(session.key, EndReason::SignedOut).await);

        for lookup in [
            bench.find(session.key).await,
            bench.elsewhere.find(session.key).await.unwrap(),
            bench.touch(session.key, bench.now()).await,
        ] {
            assert_eq!(lookup.now, bench.now());
            assert_eq!(lookup.end_reason(), Some(reason));
            let Presence::Ended(tombstone) = lookup.presence else {
                panic!("{lookup:?}");
            };
            assert_eq!(tombstone.person, session.person);
            assert_eq!(tombstone.generation, session.generation);
        }
        sweep(&bench.store).await;
        assert_eq!(bench.find(session.key).await.end_reason(), Some(reason));
    }
}

pub(crate) async fn an_end_wipes_what_is_known_of_the_person(bench: &Bench) {
    let person = bench.person();
    let [signed_out, revoked, timed_out] = [
        bench.session_of(&person).await,
        bench.session_of(&person).await,
        bench.session().await,
    ];
    for session in [&signed_out, &revoked, &timed_out] {
        let kept = bench.personal_data(session.key).await;
        for part in [
            "192.0.2.7",
            "A browser",
            "7",
            "id.example.com",
            "ada",
            "s-1",
        ] {
            assert!(kept.contains(part), "{kept}");
        }
    }
    bench.end(signed_out.key, EndReason::SignedOut).await;
    let keep = new_session(&person).key;
    let ended = bench
        .store
        .end_others(&person, keep, EndReason::Revoked)
        .await;
    assert_eq!(ended.unwrap(), [revoked.key]);
    bench.advance(bench.policy.idle()).await;
    sweep(&bench.store).await;
    for session in [signed_out, revoked, timed_out] {
        assert_eq!(bench.personal_data(session.key).await, "");
    }
}

pub(crate) async fn the_others_end_and_the_one_that_is_kept_lives(bench: &Bench) {
    let person = bench.person();
    let keep = bench.session_of(&person).await;
    let others = [
        bench.session_of(&person).await,
        bench.session_of(&person).await,
    ];
    let revoke = || {
        bench
            .store
            .end_others(&person, keep.key, EndReason::Revoked)
    };
    let mut ended = revoke().await.unwrap();
    ended.sort_unstable();
    let mut keys = others.each_ref().map(|other| other.key);
    keys.sort_unstable();
    assert_eq!(ended, keys);
    assert!(bench.is_live(&keep).await);
    for other in &others {
        assert!(!bench.is_live(other).await);
        let told = bench.find(other.key).await.end_reason();
        assert_eq!(told, Some(EndReason::Revoked));
    }
    assert_eq!(bench.listed(&person).await, [keep.key]);
    assert_eq!(revoke().await.unwrap(), []);
}

pub(crate) async fn a_revocation_ends_nobody_elses_and_rewrites_no_end(bench: &Bench) {
    let person = bench.person();
    let keep = bench.session_of(&person).await;
    let signed_out = bench.session_of(&person).await;
    bench.end(signed_out.key, EndReason::SignedOut).await;
    let somebody = bench.session().await;
    let overdue = bench.session_of(&person).await;
    let begun_at = bench.now();
    bench.advance(bench.policy.idle() / 2).await;
    bench.touch(keep.key, bench.now()).await;
    bench.touch(somebody.key, bench.now()).await;
    bench.advance(bench.policy.idle() / 2).await;
    assert_eq!(bench.now(), begun_at + bench.policy.idle());

    let revoked = bench
        .store
        .end_others(&person, keep.key, EndReason::Revoked);
    assert_eq!(
        revoked.await.unwrap(),
        [],
        "time has ended the one that is left"
    );
    sweep(&bench.store).await;
    for (session, reason) in [
        (&signed_out, EndReason::SignedOut),
        (&overdue, EndReason::IdleTimeout),
    ] {
        assert_eq!(bench.find(session.key).await.end_reason(), Some(reason));
    }
    assert!(bench.is_live(&keep).await);
    assert!(bench.is_live(&somebody).await);
}
