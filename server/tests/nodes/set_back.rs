//! Tests with clocks that are set back or were ahead for a moment: no answer tells more time than
//! the limits, and the absolute timeout ends the session in real time.

use std::time::Duration;

use dwell::{EndReason, Status};

use crate::harness::{Browser, ClockStep, Engine, Faketime, Kind, Node, connected, now, until};

// Redis does not start under a wrong clock; tests/conformance/time.rs sets its time back in the
// scripts.
on_engine!(
    postgres,
    Postgres,
    an_engine_whose_clock_is_set_back_gives_nobody_more_time
);
on_engine!(
    sqlite,
    Sqlite,
    a_clock_that_is_set_back_between_two_runs_gives_nobody_more_time,
    a_clock_that_was_ahead_for_a_moment_gives_nobody_more_time,
    a_clock_that_is_set_back_meanwhile_gives_nobody_more_time
);

const IDLE: Duration = Duration::from_secs(4);
const ABSOLUTE: Duration = Duration::from_secs(8);
const GRACE: Duration = Duration::from_millis(200);
const LIMITS: [(&str, &str); 4] = [
    ("DWELL_IDLE_TIMEOUT", "4s"),
    ("DWELL_ABSOLUTE_TIMEOUT", "8s"),
    ("DWELL_WARNING", "1s"),
    ("DWELL_GRACE", "200ms"),
];
/// Shorter than every step of a clock here, and longer than a busy machine needs to answer.
const GENEROUS: Duration = Duration::from_secs(60);
/// The engine counts whole milliseconds, and a time service may adjust its clock.
const ROUNDING: Duration = Duration::from_millis(20);

fn node_of(engine: &Engine, clock: &Faketime) -> Node {
    let settings = clock.settings();
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    engine.node(&[&LIMITS[..], &settings].concat())
}

/// Reports activity until the session ends, and returns how long that took.
async fn keep_active_until_the_end(browser: &mut Browser, node: &Node) -> Duration {
    let begun = now();
    until("the session ends", GENEROUS, async || {
        let answer = browser.keep_alive(node.address).await.unwrap();
        match answer.session_status() {
            Status::Active(left) => {
                assert!(left.idle_remaining <= IDLE - GRACE, "{left:?}");
                assert!(left.absolute_remaining <= ABSOLUTE, "{left:?}");
                None
            }
            _ => {
                assert!(answer.is_end(EndReason::AbsoluteTimeout), "{answer:?}");
                Some(())
            }
        }
    })
    .await;
    begun.elapsed()
}

fn logged_steps(node: &Node) -> usize {
    node.log().matches("event=\"clock_stepped_back\"").count()
}

// A1, A2
async fn an_engine_whose_clock_is_set_back_gives_nobody_more_time(kind: Kind) {
    let engine = Engine::with_clock(kind).await;
    let node = engine.node(&LIMITS);
    let begun = now();
    let mut browser = Browser::signed_in(&node).await;
    // By then the node knows the time of the engine.
    until("the node listens", GENEROUS, async || {
        node.is_listening().await.then_some(())
    })
    .await;
    engine.step_clock(ClockStep::TenMinutesBack).await;
    until("the step of the clock is noticed", GENEROUS, async || {
        let answer = browser.keep_alive(node.address).await.unwrap();
        let Status::Active(left) = answer.session_status() else {
            panic!("{answer:?}");
        };
        assert!(left.idle_remaining <= IDLE - GRACE, "{left:?}");
        assert!(left.absolute_remaining <= ABSOLUTE, "{left:?}");
        (logged_steps(&node) > 0).then_some(())
    })
    .await;
    engine.step_clock(ClockStep::Correct).await;
    keep_active_until_the_end(&mut browser, &node).await;
    assert!(begun.elapsed() + ROUNDING > ABSOLUTE, "too early");
    assert_eq!(logged_steps(&node), 1, "{}", node.log());
}

/// Signs in at `node`, and waits until the store has stored the time.
async fn signed_in_with_stored_time(node: &Node, engine: &Engine) -> Browser {
    let browser = Browser::signed_in(node).await;
    let database = connected(&engine.database).await;
    until("the time is stored", GENEROUS, async || {
        let mark: Option<(i64,)> = sqlx::query_as("select mark from dwell_store_time")
            .fetch_optional(&database)
            .await
            .unwrap();
        mark
    })
    .await;
    database.close().await;
    browser
}

// A1, A2
async fn a_clock_that_is_set_back_between_two_runs_gives_nobody_more_time(kind: Kind) {
    let clock = Faketime::correct();
    let engine = Engine::shared(kind).await;
    let mut node = node_of(&engine, &clock);
    let mut browser = signed_in_with_stored_time(&node, &engine).await;
    node.kill();
    clock.set("-10m");
    node.restart();
    keep_active_until_the_end(&mut browser, &node).await;
    assert_eq!(logged_steps(&node), 1, "{}", node.log());
}

// A1, A2
async fn a_clock_that_was_ahead_for_a_moment_gives_nobody_more_time(kind: Kind) {
    let clock = Faketime::correct();
    let engine = Engine::shared(kind).await;
    let mut node = node_of(&engine, &clock);
    clock.set("+1h");
    let mut browser = signed_in_with_stored_time(&node, &engine).await;
    clock.set("+0");
    node.stop();
    node.restart();
    keep_active_until_the_end(&mut browser, &node).await;
}

// A1, A2
async fn a_clock_that_is_set_back_meanwhile_gives_nobody_more_time(kind: Kind) {
    let clock = Faketime::correct();
    let engine = Engine::shared(kind).await;
    let node = node_of(&engine, &clock);
    let begun = now();
    let mut browser = signed_in_with_stored_time(&node, &engine).await;
    clock.set("-10m");
    keep_active_until_the_end(&mut browser, &node).await;
    assert!(begun.elapsed() + ROUNDING > ABSOLUTE, "too early");
    assert_eq!(logged_steps(&node), 1, "{}", node.log());
}
