//! What each operation does to a live session, and what it tells.

use std::{collections::HashMap, time::Duration};

use dwell::{
    EndReason, Generation, Instant, Lifetime,
    store::{SessionId, SessionKey},
};
use serde_json::json;

use crate::{Bench, LookupExt as _, new_session};

/// As one touch does, each for itself: forward only, no further than now, and nothing that is not live.
pub(crate) async fn many_touches_at_once_are_as_many_touches(bench: &Bench) {
    let [touched, older, ahead, untouched, ended] = [
        bench.session().await,
        bench.session().await,
        bench.session().await,
        bench.session().await,
        bench.session().await,
    ];
    let began_at = bench.now();
    bench.advance(30 * SECOND).await;
    bench.touch(older.key, bench.now()).await;
    let nobody = new_session(&touched.person).key;
    bench.end(ended.key, EndReason::SignedOut).await;
    let over = bench.session().await;
    bench.advance(bench.policy.idle() - 40 * SECOND).await;
    for session in [&touched, &older, &ahead, &untouched] {
        bench.touch(session.key, bench.now()).await;
    }
    bench.advance(40 * SECOND).await;
    let now = bench.now();
    let latest = now - 40 * SECOND;
    let touches = [
        (touched.key, now - SECOND),
        (older.key, began_at),
        (ahead.key, now + SECOND),
        (ended.key, now),
        (over.key, now),
        (nobody, now),
    ];
    let told = bench.elsewhere.touch_all(&touches).await.unwrap();
    let live = [
        (touched.key, now - SECOND),
        (older.key, latest),
        (ahead.key, now),
    ];
    assert_eq!(HashMap::from(live), told.into_iter().collect());
    for (session, expected) in [
        (&touched, now - SECOND),
        (&older, latest),
        (&ahead, now),
        (&untouched, latest),
    ] {
        let lifetime = bench.find(session.key).await.found().lifetime;
        assert_eq!(lifetime.last_active_at(), expected);
        assert_eq!(lifetime.authenticated_at(), began_at);
    }
    for key in [ended.key, over.key] {
        assert!(bench.store.data(key).await.unwrap().is_none());
    }
    assert!(bench.find(nobody).await.is_unknown());
    assert_eq!(bench.store.touch_all(&[]).await.unwrap(), []);
}

pub(crate) async fn of_any_number_those_that_live_are_told(bench: &Bench) {
    let person = bench.person();
    let [ended, over] = [bench.session().await, bench.session().await];
    bench.end(ended.key, EndReason::SignedOut).await;
    bench.advance(bench.policy.idle()).await;
    let mut live = Vec::new();
    for _ in 0..501 {
        live.push(bench.session_of(&person).await.key);
    }
    let nobody = new_session(&person).key;
    let asked = [&live[..], &[ended.key, over.key, nobody]].concat();
    let mut told = bench.elsewhere.live_among(&asked).await.unwrap();
    told.sort();
    live.sort();
    assert_eq!(told, live);
    assert_eq!(bench.store.live_among(&[]).await.unwrap(), []);
}

pub(crate) async fn any_number_is_touched_at_once(bench: &Bench) {
    let person = bench.person();
    let mut keys = Vec::new();
    for _ in 0..501 {
        keys.push(bench.session_of(&person).await.key);
    }
    bench.advance(SECOND).await;
    let now = bench.now();
    let touches: Vec<_> = keys.iter().map(|key| (*key, now)).collect();
    let (one, other) = tokio::join!(
        bench.store.touch_all(&touches),
        bench.elsewhere.touch_all(&touches)
    );
    one.unwrap();
    other.unwrap();
    for listed in bench.store.list(&person).await.unwrap() {
        assert_eq!(listed.session.lifetime.last_active_at(), now);
    }
}

const SECOND: Duration = Duration::from_secs(1);

pub(crate) async fn it_answers_and_tells_the_engines_time(bench: &Bench) {
    bench.store.ping().await.unwrap();
    assert_eq!(bench.store.now().await.unwrap(), bench.now());
    bench.advance(Duration::from_millis(1)).await;
    assert_eq!(bench.elsewhere.now().await.unwrap(), bench.now());
}

pub(crate) async fn a_session_begins_now_with_all_that_it_was_given(bench: &Bench) {
    let person = bench.person();
    let new = new_session(&person);
    let lifetime = bench.store.create(new.clone()).await.unwrap();
    assert_eq!(lifetime, Lifetime::begin(bench.now()));

    bench.advance(SECOND).await;
    let lookup = bench.elsewhere.find(new.key).await.unwrap();
    assert_eq!(lookup.now, bench.now());
    let found = lookup.found();
    assert_eq!(found.lifetime, lifetime);
    assert_eq!((found.key, &found.person), (new.key, &new.person));
    assert_eq!(found.limits, new.limits);
    assert_eq!(found.generation, new.generation);
    let listed = bench.elsewhere.list(&person).await.unwrap().remove(0);
    assert_eq!(listed.session, found);
    assert_eq!(listed.origin, new.origin);
    assert_eq!(listed.credential, new.credential);
    let (data, deadline) = bench.elsewhere.data(new.key).await.unwrap().unwrap();
    assert_eq!(data, new.data);
    assert_eq!(deadline, lifetime.deadline(&bench.policy).at);
}

pub(crate) async fn a_session_never_takes_the_place_of_another(bench: &Bench) {
    let first = bench.session().await;
    let somebody = bench.person();
    let mut same_key = new_session(&somebody);
    same_key.key = first.key;
    let mut same_generation = new_session(&somebody);
    same_generation.generation = first.generation;
    for second in [same_key, same_generation] {
        assert!(bench.store.create(second.clone()).await.is_err());
        assert!(bench.listed(&somebody).await.is_empty());
    }
    let found = bench.find(first.key).await.found();
    assert_eq!(found.person, first.person);
    assert_eq!(found.generation, first.generation);

    bench.end(first.key, EndReason::SignedOut).await;
    let mut same_key = new_session(&somebody);
    same_key.key = first.key;
    assert!(bench.store.create(same_key).await.is_err());
    let told = bench.find(first.key).await.end_reason();
    assert_eq!(told, Some(EndReason::SignedOut));
}

pub(crate) async fn what_nobody_has_begun_is_unknown_to_every_operation(bench: &Bench) {
    let person = bench.person();
    let invented = new_session(&person);
    assert!(bench.find(invented.key).await.is_unknown());
    assert_eq!(bench.find(invented.key).await.now, bench.now());
    assert!(bench.touch(invented.key, bench.now()).await.is_unknown());
    assert!(!bench.end(invented.key, EndReason::Revoked).await);
    assert!(!bench.is_live(&invented).await);
    let rotated = bench.store.rotate(invented.key, new_session(&person)).await;
    assert_eq!(rotated.unwrap(), None);
    assert!(bench.find(invented.key).await.is_unknown(), "it was begun");
    assert!(bench.listed(&person).await.is_empty());
}

pub(crate) async fn a_touch_moves_the_last_activity_to_when_it_was(bench: &Bench) {
    let session = bench.session().await;
    let began_at = bench.now();
    bench.advance(60 * SECOND).await;
    let at = began_at + 45 * SECOND;
    let lookup = bench.touch(session.key, at).await;
    assert_eq!(lookup.now, bench.now());
    let touched = lookup.found();
    assert_eq!(touched.lifetime, Lifetime::stored(began_at, at));
    let found = bench.elsewhere.find(session.key).await.unwrap().found();
    assert_eq!(found.lifetime, touched.lifetime);
}

pub(crate) async fn a_touch_is_never_in_the_future_and_never_goes_back(bench: &Bench) {
    let session = bench.session().await;
    bench.advance(60 * SECOND).await;
    let now = bench.now();
    for (at, then) in [
        (now + SECOND, now),
        (now + bench.policy.absolute(), now),
        (now - SECOND, now),
        (Instant::from_millis(0), now),
        (now, now),
    ] {
        let touched = bench.touch(session.key, at).await.found();
        assert_eq!(touched.lifetime.last_active_at(), then);
    }
}

pub(crate) async fn a_rotation_begins_one_and_ends_the_other_as_replaced(bench: &Bench) {
    let old = bench.session().await;
    bench.advance(SECOND).await;
    let new = new_session(&old.person);
    let lifetime = bench.store.rotate(old.key, new.clone()).await.unwrap();
    assert_eq!(lifetime, Some(Lifetime::begin(bench.now())));
    assert!(bench.is_live(&new).await);
    assert!(!bench.is_live(&old).await);
    let told = bench.find(old.key).await.end_reason();
    assert_eq!(told, Some(EndReason::Replaced));
    assert_eq!(bench.listed(&old.person).await, [new.key]);
    assert_eq!(bench.find(new.key).await.found().generation, new.generation);
    assert_eq!(bench.personal_data(old.key).await, "");
}

pub(crate) async fn what_has_ended_is_not_rotated(bench: &Bench) {
    for reason in EndReason::ALL {
        let old = bench.session().await;
        bench.end(old.key, reason).await;
        let new = new_session(&old.person);
        let rotated = bench.store.rotate(old.key, new.clone()).await.unwrap();
        assert_eq!(rotated, None);
        assert!(bench.find(new.key).await.is_unknown());
        assert_eq!(bench.find(old.key).await.end_reason(), Some(reason));
    }
}

pub(crate) async fn a_rotation_that_fails_changes_nothing(bench: &Bench) {
    let other = bench.session().await;
    let old = bench.session().await;
    let mut same_key = new_session(&old.person);
    same_key.key = other.key;
    let mut same_generation = new_session(&old.person);
    same_generation.generation = other.generation;
    let mut itself = new_session(&old.person);
    itself.key = old.key;
    for new in [same_key, same_generation, itself] {
        assert!(bench.store.rotate(old.key, new).await.is_err());
        assert!(bench.is_live(&old).await);
        assert!(bench.is_live(&other).await);
        assert_eq!(bench.listed(&old.person).await, [old.key]);
    }
}

pub(crate) async fn data_is_replaced_and_comes_with_the_deadline(bench: &Bench) {
    let session = bench.session().await;
    bench.advance(60 * SECOND).await;
    let data = [("theme".to_owned(), json!({ "dark": [1, null, "x"] }))].into();
    assert!(bench.elsewhere.set_data(session.key, &data).await.unwrap());
    let (kept, deadline) = bench.store.data(session.key).await.unwrap().unwrap();
    assert_eq!(kept, data);
    let lifetime = bench.find(session.key).await.found().lifetime;
    assert_eq!(deadline, lifetime.deadline(&bench.policy).at);
    assert_eq!(deadline, bench.now() - 60 * SECOND + bench.policy.idle());

    assert!(
        bench
            .store
            .set_data(session.key, &HashMap::new())
            .await
            .unwrap()
    );
    let (kept, _) = bench.store.data(session.key).await.unwrap().unwrap();
    assert_eq!(kept, HashMap::new());
}

pub(crate) async fn any_text_survives(bench: &Bench) {
    let session = bench.session().await;
    for text in [
        "",
        "\0 \u{1}",
        "'; drop table sessions; --",
        "\u{1f98a}ß\u{202e}",
        "nil",
    ] {
        let data = [(text.to_owned(), json!(text))].into();
        assert!(bench.store.set_data(session.key, &data).await.unwrap());
        let (kept, _) = bench.store.data(session.key).await.unwrap().unwrap();
        assert_eq!(kept, data);
    }
    let long = "x".repeat(1_000_000);
    let data = [(String::new(), json!(long))].into();
    assert!(bench.store.set_data(session.key, &data).await.unwrap());
    let (kept, _) = bench.store.data(session.key).await.unwrap().unwrap();
    assert_eq!(kept, data);

    for text in ["", "-1", "{}", "\u{1f98a}"] {
        let mut new = new_session(&session.person);
        new.origin.address = text.into();
        new.origin.browser = text.into();
        bench.store.create(new.clone()).await.unwrap();
        let listed = bench.store.list(&session.person).await.unwrap();
        let listed = listed
            .into_iter()
            .find(|listed| listed.session.key == new.key);
        assert_eq!(listed.unwrap().origin, new.origin);
    }
}

pub(crate) async fn only_a_persons_own_sessions_are_listed_the_latest_first(bench: &Bench) {
    let person = bench.person();
    assert!(bench.listed(&person).await.is_empty());
    let first = bench.session_of(&person).await;
    bench.advance(SECOND).await;
    let second = bench.session_of(&person).await;
    let somebody = bench.session().await;
    let ended = bench.session_of(&person).await;
    bench.end(ended.key, EndReason::SignedOut).await;
    assert_eq!(bench.listed(&person).await, [second.key, first.key]);
    assert_eq!(bench.listed(&somebody.person).await, [somebody.key]);

    bench.advance(SECOND).await;
    bench.touch(first.key, bench.now()).await;
    assert_eq!(bench.listed(&person).await, [first.key, second.key]);
    let listed = bench.store.list(&person).await.unwrap().remove(0);
    assert_eq!(listed.origin, first.origin);
    assert_eq!(listed.session.person, person);
    assert_eq!(listed.session.generation, first.generation);
    assert_eq!(
        listed.session.lifetime,
        bench.find(first.key).await.found().lifetime
    );
}

pub(crate) async fn a_generation_leads_to_its_owner_and_an_unknown_one_to_nobody(bench: &Bench) {
    let live = bench.session().await;
    let ended = bench.session().await;
    bench.end(ended.key, EndReason::Revoked).await;
    for session in [live, ended] {
        let owner = bench.store.owner(session.generation).await.unwrap();
        assert_eq!(owner, Some(session.person));
    }
    let unknown = Generation::from_random(rand::random());
    assert_eq!(bench.store.owner(unknown).await.unwrap(), None);
    let key = SessionKey::of(&SessionId::default());
    assert!(bench.find(key).await.is_unknown());
}
