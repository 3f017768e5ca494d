//! Tests of the guard, which closes every page of a session in time whatever runs in the browser.

use std::time::Duration;

use dwell::{ActiveStatus, Status};
use dwell_app::names::SIGN_IN_PATH;

use crate::harness::{Answer, EMAIL, Probe, TestApp};

/// Pages that are shown in a session.
const PAGES: [&str; 4] = ["/", "/no-such-page", "/account", "/workspace"];

/// The status that came with a page.
fn status(page: &Answer) -> Option<ActiveStatus> {
    let (_, meta) = page.body.split_once("name=\"dwell-status\" content=\"")?;
    let (json, _) = meta.split_once('"')?;
    match serde_json::from_str(&json.replace("&quot;", "\"")).unwrap() {
        Status::Active(status) => Some(status),
        Status::Ended { .. } | Status::Anonymous => None,
    }
}

/// The time after which the page's own style sheet closes it, in milliseconds.
fn closes_after_ms(page: &Answer) -> Option<u128> {
    let (_, left) = page.body.split_once("--dwell-left: ")?;
    left.split_once("ms;")?.0.parse().ok()
}

/// After how many seconds a browser without scripts asks for the page again.
fn refreshes_after(page: &Answer) -> Option<u64> {
    let (_, refresh) = page
        .body
        .split_once("<noscript><meta http-equiv=\"refresh\" content=\"")?;
    refresh.split(['"', ';']).next()?.parse().ok()
}

// C8, for both timeouts.
#[tokio::test]
async fn every_page_of_a_session_says_who_is_signed_in_and_closes_at_the_told_deadline() {
    let app = TestApp::new().await;
    for path in PAGES {
        let mut browser = app.in_session().await;
        let idle = app.policy.idle() - app.policy.grace();
        let page = browser.visit(path).await;
        assert_eq!(closes_after_ms(&page), Some(idle.as_millis()), "{path}");
        let told = status(&page).unwrap();
        assert_eq!(told.idle_remaining, idle, "{path}");
        assert!(page.body.contains(EMAIL), "{path}");
        assert!(page.body.contains("Sign out"), "{path}");
        assert!(!page.body.contains(">Sign in<"), "{path}");

        let step = app.policy.idle() / 2;
        let mut passed = Duration::ZERO;
        while passed + step < app.policy.absolute() {
            app.advance(step);
            passed += step;
            browser.visit("/account").await;
        }
        let page = browser.visit(path).await;
        let absolute = app.policy.absolute() - passed;
        assert!(absolute < idle);
        assert_eq!(closes_after_ms(&page), Some(absolute.as_millis()), "{path}");
    }
}

#[tokio::test]
async fn a_page_without_a_session_has_no_guard_and_does_not_ask_the_store() {
    let (app, probe) = Probe::app().await;
    let mut browser = app.browser();
    probe.fail_after(0);
    for path in ["/", "/no-such-page", SIGN_IN_PATH] {
        let page = browser.visit(path).await;
        assert!(page.body.contains(">Sign in<"), "{path}");
        assert_eq!(closes_after_ms(&page), None, "{path}");
        assert_eq!(status(&page), None, "{path}");
        assert!(!page.body.contains("data-dwell-guard"), "{path}");
    }
    assert_eq!(probe.recover(), 0);
}

// A11
#[tokio::test]
async fn a_public_page_is_denied_if_the_session_cannot_be_looked_up() {
    let (app, probe) = Probe::app().await;
    let mut browser = app.in_session().await;
    for path in ["/", "/no-such-page"] {
        probe.fail_after(0);
        let page = browser.visit(path).await;
        probe.recover();
        assert_eq!(page.status, 503, "{path}");
        assert!(!page.body.contains(">Sign in<"), "{path}");
    }
}

// G6, F3
#[tokio::test]
async fn without_scripts_a_page_says_when_it_closes_and_is_left_unless_work_would_be_lost() {
    let app = TestApp::new().await;
    for path in PAGES {
        let page = app.in_session().await.visit(path).await;
        assert!(
            page.body
                .contains("This page closes 29 minutes 55 seconds after it was opened"),
            "{path}"
        );
        let is_typed_into = path == "/workspace";
        match refreshes_after(&page) {
            None => assert!(is_typed_into, "{path}"),
            Some(seconds) => {
                assert!(!is_typed_into, "{path}");
                assert!(Duration::from_secs(seconds) > app.policy.idle(), "{path}");
            }
        }
        let sends = page.body.contains("form=\"note\"") && page.body.contains("id=\"note\"");
        assert_eq!(sends, is_typed_into, "{path}");
    }
}
