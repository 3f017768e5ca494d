//! Tests of the metrics, and of who can see them.

use std::{collections::BTreeMap, net::TcpListener, time::Duration};

use axum::http::Method;
use dwell::EndReason;
use dwell_server::{
    application,
    http::metrics_router,
    state::{AppState, Services},
};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::{
    cli::{one_line, run},
    harness::{
        Answer, EMAIL, PASSWORD, Server, TestApp, by_script, cookie_header, cookie_of,
        generation_of,
    },
};

const ON: (&str, &str) = ("DWELL_METRICS_ADDR", "127.0.0.1:0");

/// Parses an exposition and checks each line. Returns the value of each sample by its name and
/// labels.
fn parse(exposition: &str) -> BTreeMap<String, f64> {
    let text = exposition
        .strip_suffix("# EOF\n")
        .unwrap_or_else(|| panic!("no end in {exposition}"));
    let mut samples = BTreeMap::new();
    let mut family = ("", "");
    for line in text.lines() {
        if let Some(metadata) = line.strip_prefix("# ") {
            let words: Vec<&str> = metadata.splitn(3, ' ').collect();
            let &[keyword, name, value] = words.as_slice() else {
                panic!("{line}");
            };
            assert!(is_name(name) && name.starts_with("dwell_"), "{line}");
            match keyword {
                "HELP" => assert!(value.ends_with('.'), "{line}"),
                "TYPE" => family = (name, value),
                "UNIT" => assert!(name.ends_with(value), "{line}"),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
            None => (series, ""),
        };
        let suffixes: &[&str] = match family.1 {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => panic!("{line} is in no family"),
        };
        let suffix = name.strip_prefix(family.0).unwrap();
        assert!(suffixes.contains(&suffix), "{line}");
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.split_once('=').unwrap();
            let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            assert!(is_name(name) && !value.contains(['"', '\\']), "{line}");
        }
        let value = value.parse().unwrap();
        assert_eq!(samples.insert(series.to_owned(), value), None, "{line}");
    }
    samples
}

fn is_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn body(answer: &str) -> &str {
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn the_events_of_a_session_are_counted_without_naming_anybody() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[ON]);
    let before = parse(body(&server.get_from_metrics_address("/metrics")));
    for name in ["dwell_sign_ins_total", "dwell_keep_alives_total"] {
        assert_eq!(before[name], 0.0, "{name} is there before anything happens");
    }

    let refused = server.sign_in_with("not the password", "");
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    server.sign_in("");
    let signed_in = server.sign_in("user-agent: A browser\r\n");
    let cookie = cookie_header(&signed_in);
    let page = server.get("/account", &cookie);
    let generation = generation_of(&page).to_owned();
    let keep_alive = r#"{"idle_for_ms":0}"#;
    let kept = server.send(&format!(
        "POST /api/session/keep-alive HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\
         dwell-generation: {generation}\r\n{cookie}\r\n{keep_alive}",
        keep_alive.len()
    ));
    assert!(kept.contains(r#""state":"active""#), "{kept}");
    let form = format!("generation={generation}");
    let signed_out = server.post("/sign-out", &cookie, &form);
    assert!(signed_out.starts_with("HTTP/1.1 303"), "{signed_out}");

    let answer = server.get_from_metrics_address("/metrics");
    assert!(answer.contains("\r\ncontent-type: application/openmetrics-text; version=1.0.0"));
    let counted = parse(body(&answer));
    for (series, value) in [
        ("dwell_sign_ins_total", 2.0),
        ("dwell_sign_ins_refused_total", 1.0),
        ("dwell_sessions_live", 1.0),
        ("dwell_keep_alives_total", 1.0),
        (r#"dwell_session_ends_total{reason="signed_out"}"#, 1.0),
        (
            r#"dwell_store_operation_duration_seconds_count{operation="create"}"#,
            2.0,
        ),
        (
            r#"dwell_store_operation_duration_seconds_count{operation="end"}"#,
            1.0,
        ),
        (r#"dwell_store_failures_total{operation="end"}"#, 0.0),
    ] {
        assert_eq!(counted[series], value, "{series}");
    }

    let id = cookie_of(&signed_in).value().to_owned();
    for personal in [
        &id,
        &generation,
        EMAIL,
        "ada",
        PASSWORD,
        "browser",
        "127.0.0.1",
    ] {
        assert!(!body(&answer).contains(personal), "{personal}");
    }
    server.stop();
}

#[test]
fn the_address_of_the_metrics_serves_nothing_else() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[ON]);
    let on_main = server.get("/metrics", "");
    assert!(on_main.starts_with("HTTP/1.1 404"), "{on_main}");
    assert!(!on_main.contains("dwell_sign_ins"));
    for path in ["/", "/sign-in", "/workspace", "/healthz", "/metrics/"] {
        let beside = server.get_from_metrics_address(path);
        assert!(beside.starts_with("HTTP/1.1 404"), "{path} {beside}");
    }
    let (status, _) = server.stop();
    assert!(status.success(), "{status}");
}

#[test]
fn without_the_setting_metrics_are_not_served() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[]);
    assert!(server.get("/metrics", "").starts_with("HTTP/1.1 404"));
    let (_, log) = server.stop();
    assert!(!log.contains("metrics"), "{log}");
}

// A4
#[test]
fn an_address_that_is_in_use_is_reported_in_one_line() {
    let directory = TempDir::new().unwrap();
    std::fs::create_dir_all(directory.path().join("site/pkg")).unwrap();
    std::fs::write(directory.path().join("site/pkg/dwell.js"), "").unwrap();
    let somebody = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = somebody.local_addr().unwrap().to_string();
    for setting in ["DWELL_ADDR", "DWELL_METRICS_ADDR"] {
        let settings = [
            ("DWELL_SITE_ROOT", "site"),
            ("DWELL_ADDR", "127.0.0.1:0"),
            (setting, &taken),
        ];
        let output = run(&directory, &["serve"], &settings, "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let line = one_line(&output);
        let expected = format!("cannot listen on {taken}: choose another {setting}:");
        assert!(line.contains(&expected), "{line}");
    }
}

/// The metrics as a collector receives them.
async fn collected(state: &AppState) -> BTreeMap<String, f64> {
    let request = by_script(Method::GET, "/metrics");
    let router = metrics_router(state.clone());
    let answer = Answer::read(router.oneshot(request).await.unwrap()).await;
    assert_eq!(answer.status, 200);
    parse(&answer.body)
}

// C7
#[tokio::test]
async fn every_end_is_counted_once_with_its_reason() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in().await;
    browser.sign_in(EMAIL, PASSWORD).await;
    for _ in 0..3 {
        app.in_session().await;
    }
    browser
        .submit_from("/account", "/account/sign-out-others", &[])
        .await;
    browser.sign_out().await;
    assert_eq!(browser.visit("/workspace").await.status, 303);

    let mut active = app.in_session().await;
    let step = app.policy.idle() - Duration::from_millis(1);
    let mut passed = Duration::ZERO;
    while passed + step < app.policy.absolute() {
        app.advance(step);
        passed += step;
        active.keep_alive(0).await;
    }
    let [mut seen, _swept] = [app.in_session().await, app.in_session().await];
    app.advance(app.policy.idle());
    seen.ask_status().await;
    app.dwell.maintain().await.unwrap();

    let counted = collected(&app.state).await;
    for (reason, count) in [
        (EndReason::Replaced, 1.0),
        (EndReason::Revoked, 3.0),
        (EndReason::SignedOut, 1.0),
        (EndReason::IdleTimeout, 2.0),
        (EndReason::AbsoluteTimeout, 1.0),
        (EndReason::Restored, 0.0),
    ] {
        let series = format!(r#"dwell_session_ends_total{{reason="{reason}"}}"#);
        assert_eq!(counted[&series], count, "{series}");
    }
    assert_eq!(counted["dwell_sessions_live"], 0.0);
}

#[tokio::test]
async fn touches_are_counted_as_deferred_or_written() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    for _ in 0..100 {
        app.advance_ms(10);
        browser.visit("/workspace").await;
    }
    let counted = collected(&app.state).await;
    assert_eq!(counted["dwell_touches_coalesced_total"], 100.0);
    assert_eq!(counted["dwell_touches_written_total"], 0.0);
    app.dwell.write_all().await.unwrap();
    app.advance(app.policy.touch_interval());
    browser.visit("/workspace").await;
    let counted = collected(&app.state).await;
    assert_eq!(counted["dwell_touches_coalesced_total"], 100.0);
    assert_eq!(counted["dwell_touches_written_total"], 2.0);
}

#[tokio::test]
async fn lookups_in_the_index_and_in_the_engine_are_counted_separately() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    for _ in 0..10 {
        browser.visit("/workspace").await;
    }
    let counted = collected(&app.state).await;
    assert_eq!(counted["dwell_index_misses_total"], 1.0);
    assert_eq!(counted["dwell_index_hits_total"], 9.0);
    assert_eq!(counted["dwell_index_staleness_seconds"], 0.0);

    // A node that does not follow its store receives no reports of ends.
    let dwell = application::dwell(app.policy, &app.state.built)
        .shared_store(app.store.clone())
        .build()
        .unwrap();
    let not_following = AppState::new(Services {
        dwell,
        ..(*app.state).clone()
    });
    let counted = collected(&not_following).await;
    assert_eq!(counted["dwell_index_staleness_seconds"], f64::INFINITY);
}

#[tokio::test]
async fn a_failure_of_the_engine_is_counted_and_other_metrics_are_still_shown() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    assert_eq!(collected(&app.state).await["dwell_sessions_live"], 1.0);
    app.database.close().await;
    assert_eq!(browser.visit("/workspace").await.status, 503);
    let counted = collected(&app.state).await;
    assert_eq!(
        counted["dwell_sessions_live"], 1.0,
        "not the number that was counted last"
    );
    let failed: Vec<_> = counted
        .iter()
        .filter(|(series, value)| series.starts_with("dwell_store_failures") && **value > 0.0)
        .map(|(series, _)| series.as_str())
        .collect();
    assert_eq!(
        failed,
        [
            r#"dwell_store_failures_total{operation="count"}"#,
            r#"dwell_store_failures_total{operation="find"}"#,
        ]
    );
}
