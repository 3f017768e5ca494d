//! Tests with nodes whose clocks are wrong. Only the engine's clock decides.

use std::{net::SocketAddr, time::Duration};

use axum::http::header;
use dwell::EndReason;

use crate::harness::{Answer, Browser, Engine, Kind, Node, library, now};

on_every_engine!(
    ten_minutes_between_the_clocks_change_nothing,
    the_absolute_limit_holds_between_wrong_clocks,
);

const MINUTES: i64 = 10;
const IDLE: Duration = Duration::from_secs(6);
const ABSOLUTE: Duration = Duration::from_secs(10);
const LIMITS: [(&str, &str); 4] = [
    ("DWELL_IDLE_TIMEOUT", "6s"),
    ("DWELL_ABSOLUTE_TIMEOUT", "10s"),
    ("DWELL_WARNING", "1s"),
    ("DWELL_GRACE", "200ms"),
];
/// The engine counts whole milliseconds, and a time service may adjust its clock.
const ROUNDING: Duration = Duration::from_millis(10);

/// One node whose clock is behind and one whose clock is ahead.
fn nodes_with_wrong_clocks(engine: &Engine) -> [Node; 2] {
    let library = library().display().to_string();
    [-MINUTES, MINUTES].map(|minutes| {
        let offset = format!("{minutes:+}m");
        let settings = [
            ("LD_PRELOAD", library.as_str()),
            ("FAKETIME", &offset),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        engine.node(&[&LIMITS[..], &settings].concat())
    })
}

/// The time of the clock of the node that answered, in minutes since midnight.
fn minutes(answer: &Answer) -> i64 {
    let date = answer.header(header::DATE);
    let (_, time) = date.split_at("Sun, 06 Nov 1994 ".len());
    let part = |range: std::ops::Range<usize>| time[range].parse::<i64>().unwrap();
    part(0..2) * 60 + part(3..5)
}

// A1, A8
async fn ten_minutes_between_the_clocks_change_nothing(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let mut nodes = nodes_with_wrong_clocks(&engine);
    let [behind, ahead] = nodes.each_ref().map(|node| node.address);
    let mut browser = Browser::default();

    let begun = now();
    let answer = browser.sign_in(behind).await.unwrap();
    let written = browser.write(ahead, "a note").await.unwrap();
    assert_eq!(written.status, 303, "{written:?}");
    // The last activity was signing in, or the note if that came a touch interval later.
    let begun_by = written.answered_at;
    let difference = (minutes(&written) - minutes(&answer)).rem_euclid(24 * 60);
    assert!(
        (2 * MINUTES..=2 * MINUTES + 1).contains(&difference),
        "{difference}"
    );
    assert_agree(&mut browser, behind, ahead).await;
    assert!(browser.fetch(behind).await.unwrap().body.contains("a note"));

    let mut is_over = false;
    while !is_over {
        is_over = now() > begun_by + IDLE + ROUNDING;
        for node in [behind, ahead] {
            for answer in [
                browser.fetch(node).await.unwrap(),
                browser.ask_status(node).await.unwrap(),
            ] {
                if answer.is_served() {
                    assert!(answer.asked_at < begun_by + IDLE + ROUNDING, "too late");
                } else {
                    assert!(answer.is_end(EndReason::IdleTimeout), "{answer:?}");
                    assert!(answer.answered_at + ROUNDING > begun + IDLE, "too early");
                }
            }
        }
    }

    browser.sign_in(ahead).await.unwrap();
    assert!(browser.sign_out(behind).await.unwrap().is_served());
    let answer = browser.fetch(ahead).await.unwrap();
    assert!(answer.is_end(EndReason::SignedOut), "{answer:?}");
    nodes.iter_mut().for_each(Node::stop);
}

/// Asserts that the answers of two nodes about one session differ by no more than the time between
/// them.
async fn assert_agree(browser: &mut Browser, one: SocketAddr, other: SocketAddr) {
    let asked_at = now();
    let first = browser.left(one).await;
    let second = browser.left(other).await;
    let between = asked_at.elapsed() + ROUNDING;
    for (first, second) in [
        (first.idle_remaining, second.idle_remaining),
        (first.absolute_remaining, second.absolute_remaining),
    ] {
        assert!(first >= second && first <= second + between);
    }
}

// A2, A8
async fn the_absolute_limit_holds_between_wrong_clocks(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let mut nodes = nodes_with_wrong_clocks(&engine);
    let mut browser = Browser::default();

    let begun = now();
    let signed_in = browser.sign_in(nodes[1].address).await.unwrap();
    let begun_by = signed_in.answered_at;
    for node in nodes.iter().cycle() {
        let answer = browser.keep_alive(node.address).await.unwrap();
        if answer.is_served() {
            assert!(answer.asked_at < begun_by + ABSOLUTE + ROUNDING, "too late");
            tokio::time::sleep(Duration::from_millis(50)).await;
        } else {
            assert!(answer.is_end(EndReason::AbsoluteTimeout), "{answer:?}");
            assert!(
                answer.answered_at + ROUNDING > begun + ABSOLUTE,
                "too early"
            );
            break;
        }
    }
    for node in &nodes {
        let answer = browser.fetch(node.address).await.unwrap();
        assert!(answer.is_end(EndReason::AbsoluteTimeout), "{answer:?}");
    }
    nodes.iter_mut().for_each(Node::stop);
}
