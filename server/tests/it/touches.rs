//! Tests that touches are combined before they are written, and that the last one is never lost.

use std::time::Duration;

use dwell::clock::Clock as _;
use dwell::{EndReason, Instant, Limits};
use futures::future::join_all;

use crate::harness::{Probe, Setup, TestApp};

/// The longest time between two runs of maintenance.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_hundred_quick_navigations_are_written_a_few_times() {
    let (app, probe) = Probe::app().await;
    let mut browser = app.in_session().await;
    app.advance(app.policy.touch_interval());
    for _ in 0..100 {
        app.advance_ms(10);
        assert_eq!(browser.visit("/workspace").await.status, 200);
        app.dwell.maintain().await.unwrap();
    }
    assert!((1..=2).contains(&probe.touches()), "{}", probe.touches());

    // The last navigation counts, on this node at once and on others after the touch interval.
    let left = app.policy.idle() - app.policy.grace();
    let told = browser.ask_status().await.idle_remaining_ms();
    assert_eq!(u128::from(told), left.as_millis());
    app.advance(app.policy.touch_interval());
    app.dwell.maintain().await.unwrap();
    assert!(probe.touches() <= 3);
    let elsewhere = app.another_node().await;
    let told = browser.at(&elsewhere.router).ask_status().await;
    let left = left - app.policy.touch_interval();
    assert_eq!(u128::from(told.idle_remaining_ms()), left.as_millis());
}

/// When many people return at the same time, nobody waits for a write of each of them.
#[tokio::test]
async fn the_touches_of_many_who_come_back_at_once_are_written_together() {
    let (app, probe) = Probe::app().await;
    let mut browsers = Vec::new();
    for _ in 0..100 {
        browsers.push(app.in_session().await);
    }
    app.advance(app.policy.touch_interval());
    // Each person has two tabs.
    let mut tabs = [browsers.clone(), browsers.clone()].concat();
    probe.hold_writes_until_found(tabs.len());
    let answers = join_all(tabs.iter_mut().map(|tab| tab.visit("/workspace"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!(probe.writes() <= 4, "{}", probe.writes());

    let elsewhere = app.another_node().await;
    let left = app.policy.idle() - app.policy.grace();
    for browser in &browsers {
        let told = browser.at(&elsewhere.router).ask_status().await;
        assert_eq!(u128::from(told.idle_remaining_ms()), left.as_millis());
    }
}

// A11
#[tokio::test]
async fn requests_that_wait_for_a_failing_write_are_denied() {
    let (app, probe) = Probe::app().await;
    let mut browsers = Vec::new();
    for _ in 0..10 {
        browsers.push(app.in_session().await);
    }
    app.advance(app.policy.touch_interval());
    // All sessions are found, and then writing their touches fails.
    probe.fail_after(10);
    let answers = join_all(
        browsers
            .iter_mut()
            .map(|browser| browser.visit("/workspace")),
    )
    .await;
    assert!(answers.iter().all(|answer| answer.status == 503));
    probe.recover();
    let answers = join_all(
        browsers
            .iter_mut()
            .map(|browser| browser.visit("/workspace")),
    )
    .await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}

/// A touch that has not been written is lost if the process is killed.
#[tokio::test]
async fn the_written_activity_is_always_less_than_the_grace_behind_what_browsers_were_told() {
    let seconds = Duration::from_secs;
    for grace in [MS, 500 * MS, seconds(5), seconds(60)] {
        let limits = Limits {
            grace,
            ..Limits::default()
        };
        let app = TestApp::of(Setup {
            limits,
            ..Setup::default()
        })
        .await;
        let mut browser = app.in_session().await;
        for waited in [
            grace / 3,
            grace / 3,
            grace / 2,
            MS,
            grace - MS,
            grace,
            MS,
            grace * 5,
        ] {
            app.advance(waited);
            assert_eq!(browser.visit("/workspace").await.status, 200);
            assert_eq!(browser.keep_alive(0).await.status, 200);
            let written = app.count("select last_active_at from dwell_sessions").await;
            let behind = app.clock.now().since(Instant::from_millis(written));
            assert!(behind < grace, "{behind:?} of {grace:?} after {waited:?}");
        }
    }
}

#[tokio::test]
async fn a_deferred_touch_is_written_before_a_shutdown() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    app.advance(app.policy.grace() - MS);
    browser.visit("/workspace").await;
    app.dwell.write_all().await.unwrap();

    let successor = app.another_node().await;
    app.advance(app.policy.idle() - MS);
    let told = browser.at(&successor.router).ask_status().await;
    assert_eq!(told.status, 200);
}

/// A status that asks the store just before a touch is written, and looks at the pending touches
/// just after, must not miss the touch in both.
#[tokio::test]
async fn the_status_includes_a_touch_that_is_being_written() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let left = app.policy.idle() - app.policy.grace();
    for _ in 0..200 {
        app.advance_ms(10);
        browser.visit("/workspace").await;
        let (mut first, mut second) = (browser.clone(), browser.clone());
        let (told_first, written, told_second) = tokio::join!(
            first.ask_status(),
            app.dwell.write_all(),
            second.ask_status(),
        );
        written.unwrap();
        for told in [told_first, told_second] {
            assert_eq!(u128::from(told.idle_remaining_ms()), left.as_millis());
        }
    }
}

#[tokio::test]
async fn a_deferred_touch_survives_a_short_failure_of_the_store() {
    let (app, probe) = Probe::app().await;
    let mut browser = app.in_session().await;
    app.advance(app.policy.grace() - MS);
    browser.visit("/workspace").await;
    app.advance(app.policy.grace());
    probe.fail_after(1);
    assert!(app.dwell.maintain().await.is_err());
    assert_eq!(probe.recover(), 1);
    app.dwell.maintain().await.unwrap();

    app.advance(app.policy.idle() - app.policy.grace() - MS);
    let elsewhere = app.another_node().await;
    let told = browser.at(&elsewhere.router).ask_status().await;
    assert_eq!(told.status, 200);
}

/// This holds however long after the last written touch the page was loaded.
#[tokio::test]
async fn a_page_loaded_once_and_left_keeps_its_full_idle_timeout_on_any_node() {
    let app = TestApp::new().await;
    let elsewhere = app.another_node().await;
    let grace = app.policy.grace();
    for loaded_after in [Duration::ZERO, MS, grace / 2, grace - MS, grace, grace * 12] {
        let mut browser = app.in_session().await;
        app.advance(loaded_after);
        assert_eq!(browser.visit("/workspace").await.status, 200);

        let mut left = app.policy.idle() - MS;
        while !left.is_zero() {
            let step = left.min(MAINTENANCE_INTERVAL * 20);
            app.advance(step);
            left -= step;
            app.dwell.maintain().await.unwrap();
        }
        for router in [&app.router, &elsewhere.router] {
            let answer = browser.at(router).fetch("/workspace").await;
            assert_eq!(answer.status, 200, "{loaded_after:?}");
        }
        app.advance(MS);
        for router in [&app.router, &elsewhere.router] {
            let told = browser.at(router).ask_status().await;
            assert!(told.is_end(EndReason::IdleTimeout), "{loaded_after:?}");
        }
    }
}

/// Another node knows of a deferred touch well before the deadline.
#[tokio::test]
async fn another_node_never_ends_a_session_whose_user_is_active_here() {
    let app = TestApp::new().await;
    let elsewhere = app.another_node().await;
    let mut browser = app.in_session().await;
    let grace = app.policy.grace();
    let mut steps = [grace / 3, grace - MS, grace * 4].into_iter().cycle();
    let mut passed = Duration::ZERO;
    while passed < app.policy.idle() * 3 {
        let step = steps.next().unwrap();
        app.advance(step);
        passed += step;
        browser.visit("/workspace").await;
        app.dwell.maintain().await.unwrap();
        elsewhere.dwell.maintain().await.unwrap();
        let told = browser.at(&elsewhere.router).ask_status().await;
        let least = app.policy.idle() - grace - grace;
        assert!(u128::from(told.idle_remaining_ms()) >= least.as_millis());
    }
}

// A3
#[tokio::test]
async fn a_late_keep_alive_about_older_activity_never_moves_the_deadline_back() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let mut last = 0;
    for (waited, idle_for) in [
        (100_000, 0),
        (0, 50_000),
        (10, 10_000),
        (100_000, 30_000),
        (1_000, 1_000_000),
        (60_000, u64::MAX),
    ] {
        app.advance_ms(waited);
        assert_eq!(browser.keep_alive(idle_for).await.status, 200);
        app.dwell.write_all().await.unwrap();
        let now = app.count("select last_active_at from dwell_sessions").await;
        assert!(now >= last, "{waited} {idle_for}");
        last = now;
    }
}

/// If the network is slow, the time at which the user was active counts, not that of the arrival.
#[tokio::test]
async fn a_keep_alive_counts_from_when_the_user_was_active() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    app.advance(app.policy.idle() / 2);
    let told = browser.keep_alive(7_000).await.idle_remaining_ms();
    let expected = app.policy.idle() - app.policy.grace() - Duration::from_secs(7);
    assert_eq!(u128::from(told), expected.as_millis());
}

/// During the grace, the browser is told that no time is left, but a click still arrives in time.
#[tokio::test]
async fn a_keep_alive_within_the_grace_extends() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    app.advance(app.policy.idle() - MS);
    assert_eq!(browser.ask_status().await.idle_remaining_ms(), 0);
    let told = browser.keep_alive(3_000).await;
    assert_eq!(told.status, 200);
    assert!(told.idle_remaining_ms() > 0);
}
