//! Tests of when a session ends.

use std::time::Duration;

use dwell::EndReason;

use crate::harness::{EMAIL, PASSWORD, TestApp};

const MS: Duration = Duration::from_millis(1);

// A1
#[tokio::test]
async fn the_idle_timeout_is_kept_to_the_millisecond() {
    let app = TestApp::new().await;
    let idle = app.policy.idle();
    for (wait, is_served) in [(idle - MS, true), (idle, false), (idle + MS, false)] {
        let mut browser = app.in_session().await;
        app.advance(wait);

        let told = browser.clone().ask_status().await;
        let page = browser.clone().visit("/workspace").await;
        let by_script = browser.fetch("/workspace").await;

        if is_served {
            assert_eq!(told.status, 200, "{wait:?}");
            assert_eq!(
                told.idle_remaining_ms(),
                0,
                "the browser is told of the grace"
            );
            assert_eq!(page.status, 200);
            assert!(page.body.contains(EMAIL));
        } else {
            assert!(told.is_end(EndReason::IdleTimeout), "{wait:?} {told:?}");
            assert!(by_script.is_end(EndReason::IdleTimeout));
            assert_eq!(page.status, 303);
            for answer in [told, page, by_script] {
                assert!(!answer.body.contains(EMAIL));
            }
        }
    }
}

// A2
#[tokio::test]
async fn the_absolute_timeout_is_kept_whatever_the_user_does() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let step = app.policy.idle() / 2;
    let mut passed = Duration::ZERO;
    while passed + step < app.policy.absolute() {
        app.advance(step);
        passed += step;
        let answer = browser.visit("/workspace").await;
        assert_eq!(answer.status, 200, "{passed:?}");
    }

    app.advance(app.policy.absolute() - passed - MS);
    assert_eq!(browser.keep_alive(0).await.status, 200);
    let told = browser.ask_status().await;
    assert_eq!(told.json()["absolute_remaining_ms"], 1);

    app.advance(MS);
    let told = browser.ask_status().await;
    assert!(told.is_end(EndReason::AbsoluteTimeout), "{told:?}");
}

// A3
#[tokio::test]
async fn activity_resets_idle_alone_and_signing_in_again_resets_both() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let (idle, absolute) = (app.policy.idle(), app.policy.absolute());
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap();
    app.advance(idle / 2);

    browser.visit("/workspace").await;
    let told = browser.ask_status().await.json();
    assert_eq!(told["idle_remaining_ms"], ms(idle - app.policy.grace()));
    assert_eq!(told["absolute_remaining_ms"], ms(absolute - idle / 2));

    browser.sign_in(EMAIL, PASSWORD).await;
    let told = browser.ask_status().await.json();
    assert_eq!(told["idle_remaining_ms"], ms(idle - app.policy.grace()));
    assert_eq!(told["absolute_remaining_ms"], ms(absolute));
}

// A8
#[tokio::test]
async fn the_lifetime_of_the_cookie_in_the_browser_changes_nothing() {
    let app = TestApp::new().await;
    let browser = app.signed_in().await;
    let value = browser.cookie().unwrap().to_owned();
    app.advance(app.policy.idle());

    // A browser that was made to keep the cookie for years sends the same bytes.
    for cookie in [
        value.clone(),
        format!("{value}; Max-Age=999999999"),
        format!("{value}; Expires=Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        let told = app.browser().with_cookie(&cookie).ask_status().await;
        assert!(told.is_end(EndReason::IdleTimeout), "{told:?}");
    }
}

// A8
#[tokio::test]
async fn the_browsers_clock_has_no_influence() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    app.advance(app.policy.idle() / 2);

    // Activity from before the session began, or from before the Unix epoch.
    for idle_for in [u64::MAX, u64::MAX / 2, 86_400_000_000] {
        let told = browser.keep_alive(idle_for).await;
        let left = app.policy.idle() / 2 - app.policy.grace();
        assert_eq!(u128::from(told.idle_remaining_ms()), left.as_millis());
    }
}

// A1, C7
#[tokio::test]
async fn the_reason_of_a_timeout_is_the_same_before_and_after_the_sweep() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    app.advance(app.policy.idle());
    assert!(browser.ask_status().await.is_end(EndReason::IdleTimeout));
    app.dwell.maintain().await.unwrap();
    app.advance(app.policy.absolute());
    assert!(browser.ask_status().await.is_end(EndReason::IdleTimeout));
}

// C1, A11
#[tokio::test]
async fn a_session_ends_when_a_page_finds_its_account_deleted() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await.with_generation().await;
    assert_eq!(browser.visit("/workspace").await.status, 200);
    // Without foreign keys, as in SQLite's own tools by default.
    let mut operator = app.pool.acquire().await.unwrap();
    for statement in [
        "pragma foreign_keys = off",
        "delete from accounts",
        "pragma foreign_keys = on",
    ] {
        sqlx::query(statement)
            .execute(&mut *operator)
            .await
            .unwrap();
    }
    drop(operator);
    assert_eq!(browser.visit("/workspace").await.status, 503);
    assert!(browser.ask_status().await.is_end(EndReason::Revoked));
    assert_eq!(browser.visit("/workspace").await.status, 303);
    assert_eq!(browser.visit("/sign-in").await.status, 200);
}
