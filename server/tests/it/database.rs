//! Tests of what the database contains, and of what it must not contain.

use std::path::Path;

use dwell::EndReason;
use dwell::{Maintenance, store::SessionKey};

use crate::harness::{EMAIL, PASSWORD, TestApp, by_user, form};

async fn facts(app: &TestApp) -> Vec<(Option<String>, Option<String>, String, String, String)> {
    sqlx::query_as(
        "select person, end_reason, data, address, browser from dwell_sessions \
         order by authenticated_at, ended_at",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap()
}

fn bytes_beneath(directory: &Path) -> Vec<u8> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[tokio::test]
async fn neither_the_id_nor_the_password_is_in_the_database_files() {
    let app = TestApp::new().await;
    let browser = app.signed_in().await;
    let id = browser.id();
    let files = bytes_beneath(app.directory.path());
    assert!(
        contains(&files, EMAIL.as_bytes()),
        "the search does not find what must be there"
    );
    for secret in [
        browser.cookie().unwrap().as_bytes(),
        id.0.to_string().as_bytes(),
        &id.0.to_le_bytes(),
        &id.0.to_be_bytes(),
        PASSWORD.as_bytes(),
    ] {
        assert!(!contains(&files, secret));
    }
}

// C7
#[tokio::test]
async fn a_sweep_leaves_a_tombstone_and_deletes_the_data() {
    let app = TestApp::new().await;
    let mut idle = app.browser();
    let mut request = form(
        by_user(axum::http::Method::POST, "/sign-in"),
        &[("email", EMAIL), ("password", PASSWORD)],
    );
    let agent = "A browser/1.0".try_into().unwrap();
    request.headers_mut().insert("user-agent", agent);
    assert_eq!(idle.send(request).await.status, 303);
    let key = SessionKey::of(&idle.id());
    let data = [("theme".to_owned(), "dark".into())].into();
    assert!(app.store.set_data(key, &data).await.unwrap());
    let (person, reason, data, _, browser) = facts(&app).await.remove(0);
    assert_eq!((person.as_deref(), reason), (Some("1"), None));
    assert_eq!(browser, "A browser/1.0");
    assert_ne!(data, "{}");

    app.advance(app.policy.idle() - std::time::Duration::from_millis(1));
    app.dwell.maintain().await.unwrap();
    assert_eq!(
        facts(&app).await[0].1,
        None,
        "the session is swept too early"
    );
    app.advance_ms(60_000);
    app.dwell.maintain().await.unwrap();

    let wiped = |reason: &str| {
        let nothing = String::new;
        let reason = Some(reason.to_owned());
        (
            Some("1".to_owned()),
            reason,
            "{}".to_owned(),
            nothing(),
            nothing(),
        )
    };
    assert_eq!(facts(&app).await, [wiped("idle_timeout")]);
    let late = "select count(*) from dwell_sessions \
                where ended_at = authenticated_at + 30 * 60 * 1000";
    assert_eq!(app.count(late).await, 1, "the end is not at the deadline");
}

// C7
#[tokio::test]
async fn every_end_deletes_the_data_in_the_same_transaction() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in().await;
    browser.sign_in(EMAIL, PASSWORD).await;
    app.signed_in().await;
    browser
        .submit_from("/account", "/account/sign-out-others", &[])
        .await;
    browser.sign_out().await;
    let mut reasons = Vec::new();
    for (person, reason, data, address, browser) in facts(&app).await {
        assert_eq!(person.as_deref(), Some("1"));
        assert_eq!((data.as_str(), address.as_str()), ("{}", ""));
        assert_eq!(browser, "");
        reasons.push(reason.unwrap());
    }
    reasons.sort();
    assert_eq!(reasons, ["replaced", "revoked", "signed_out"]);
}

// C7: the sweep, too, gives the absolute timeout as the reason of a session that was active until
// then.
#[tokio::test]
async fn a_sweep_distinguishes_the_two_timeouts() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let step = app.policy.idle() - std::time::Duration::from_millis(1);
    let mut passed = std::time::Duration::ZERO;
    while passed + step < app.policy.absolute() {
        app.advance(step);
        passed += step;
        assert_eq!(browser.keep_alive(0).await.status, 200);
    }
    app.advance(app.policy.absolute() - passed);
    app.dwell.maintain().await.unwrap();
    let reason = facts(&app).await.remove(0).1;
    assert_eq!(reason.as_deref(), Some(EndReason::AbsoluteTimeout.name()));
}

// C7
#[tokio::test]
async fn a_tombstone_is_deleted_after_a_month_and_its_id_stays_invalid() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    app.end(browser.id(), EndReason::SignedOut).await;
    app.advance(std::time::Duration::from_secs(31 * 24 * 60 * 60));
    app.dwell.forget_tombstones().await.unwrap();
    assert_eq!(app.count("select count(*) from dwell_sessions").await, 0);
    let answer = browser.ask_status().await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.body, r#"{"state":"anonymous"}"#);
}

/// SQL for the numbers from 1 to a given number, as rows.
macro_rules! numbers {
    ($count:literal) => {
        concat!(
            "with recursive numbers (n) as \
             (select 1 union all select n + 1 from numbers where n < ",
            $count,
            ") "
        )
    };
}

// C7: other writers wait for one small step only, and all sessions are swept soon nevertheless.
#[tokio::test]
async fn a_thousand_sessions_that_end_at_the_same_time_are_swept_in_small_steps() {
    let app = TestApp::new().await;
    app.in_session().await;
    let sessions = concat!(
        numbers!(1000),
        "insert into dwell_sessions (key, person, generation, authenticated_at, last_active_at, \
         idle_limit, absolute_limit, address, browser, data) \
         select unhex(printf('%064x', n)), person, printf('%d', n), authenticated_at, \
         last_active_at, idle_limit, absolute_limit, '', '', data from numbers, dwell_sessions"
    );
    sqlx::query(sessions).execute(&app.pool).await.unwrap();
    app.advance(app.policy.idle());
    let mut steps = 1;
    while app.dwell.maintain().await.unwrap() == Maintenance::MoreToDo {
        let live = "select count(*) from dwell_sessions where ended_at is null";
        assert!(
            app.count(live).await >= 1_001 - 500 * steps,
            "a step is too large"
        );
        steps += 1;
    }
    assert!(steps <= 20, "{steps}");
    let ended = "select count(*) from dwell_sessions where end_reason = 'idle_timeout'";
    assert_eq!(app.count(ended).await, 1_001);
}

// F3
#[tokio::test]
async fn expired_drafts_are_deleted_in_small_steps() {
    let app = TestApp::new().await;
    let drafts = concat!(
        numbers!(1000),
        "insert into dwell_drafts (person, id, form, fields, saved_at, expires_at) \
         select '1', printf('%032x', n), 'note', '[]', 0, 0 from numbers"
    );
    sqlx::query(drafts).execute(&app.pool).await.unwrap();
    let mut left = 1_000;
    loop {
        let swept = app.state.drafts.sweep().await.unwrap();
        let before = left;
        left = app.count("select count(*) from dwell_drafts").await;
        assert!(before - left <= 200, "{before} {left}");
        if swept == Maintenance::Done {
            break;
        }
    }
    assert_eq!(left, 0);
}
