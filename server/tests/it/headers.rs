//! Tests of the headers of answers.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{HeaderValue, Method, header},
};
use dwell_app::names::{SIGN_IN_PATH, SIGN_OUT_PATH};

use crate::{
    harness::{Answer, EMAIL, PASSWORD, Probe, Setup, TestApp, by_script, by_user, form},
    routes::ROUTES,
};

/// Answers of every route, with every status that it can have.
async fn answers() -> Vec<(String, Answer)> {
    let (app, probe) = Probe::app().await;
    let live = app.in_session().await.with_generation().await;
    let ended = app.in_session().await;
    app.end(ended.id(), dwell::EndReason::Revoked).await;
    let other = app.in_session().await.generation().await.to_string();
    let mut answers = Vec::new();
    for route in ROUTES.iter().map(|route| route.path).chain(["/nowhere"]) {
        for (who, browser) in [
            ("live", live.clone()),
            ("ended", ended.clone()),
            ("nobody", app.browser()),
            ("failing", live.clone()),
        ] {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
                for (kind, mut request) in [
                    ("navigation", by_user(method.clone(), route)),
                    ("script", by_script(method.clone(), route)),
                    ("form", form(by_user(method.clone(), route), &[("id", "x")])),
                    ("foreign", form(by_user(method.clone(), route), &[])),
                    ("other", form(by_user(method.clone(), route), &[])),
                    ("huge", by_user(method.clone(), route)),
                ] {
                    // Signing out would end the session that the rest of the loop needs.
                    if route == SIGN_OUT_PATH && who == "live" && method == Method::POST {
                        continue;
                    }
                    match kind {
                        "foreign" => {
                            let site = HeaderValue::from_static("cross-site");
                            request.headers_mut().insert("sec-fetch-site", site);
                        }
                        "other" => {
                            let other = HeaderValue::from_str(&other).unwrap();
                            request.headers_mut().insert("dwell-generation", other);
                        }
                        "huge" => {
                            request = form(request, &[]);
                            *request.body_mut() = Body::from("x".repeat(3_000_000));
                        }
                        _ => {}
                    }
                    if who == "failing" {
                        probe.fail_after(0);
                    }
                    let answer = browser.clone().send(request).await;
                    probe.recover();
                    answers.push((format!("{who} {kind} {method} {route}"), answer));
                }
            }
        }
    }
    let mut typing = live.clone();
    let draft = "0".repeat(32);
    answers.push(("draft".into(), typing.save_draft(&draft, "text").await));
    typing.submit("/drafts/discard", &[("draft", &draft)]).await;
    let used_up = typing.save_draft(&draft, "text").await;
    answers.push(("draft used up".into(), used_up));
    let mut leaving = live.clone();
    answers.push(("sign-out".into(), leaving.submit(SIGN_OUT_PATH, &[]).await));
    let entering = app.browser().sign_in(EMAIL, PASSWORD).await;
    answers.push(("sign-in".into(), entering));
    answers
}

// H1
#[tokio::test]
async fn only_built_files_may_be_cached() {
    let mut statuses = BTreeSet::new();
    for (what, answer) in answers().await {
        let kept = answer.header("cache-control").unwrap();
        let is_file = what.ends_with("/pkg/dwell.4711.js") && answer.status == 200;
        match is_file {
            true => assert_eq!(kept, "public, max-age=31536000, immutable"),
            false => assert_eq!(kept, "no-store", "{what} {}", answer.status),
        }
        statuses.insert(answer.status.as_u16());
    }
    let expected = [
        200, 204, 303, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 503,
    ];
    assert_eq!(statuses, BTreeSet::from(expected));
}

// H1: a missing file may exist after the next deployment.
#[tokio::test]
async fn a_missing_built_file_may_not_be_cached() {
    let app = TestApp::new().await;
    let longer_than_a_name = format!("/pkg/{}.js", "x".repeat(256));
    for path in [
        "/pkg/dwell.0123.js",
        "/pkg/",
        "/pkg",
        "/pkg/../dwell.db",
        "/pkg/dwell.4711.js/x",
        "/pkg/%00",
        "/pkg/%ff",
        &longer_than_a_name,
    ] {
        let answer = app.browser().visit(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert!(answer.body.contains("There is nothing here"), "{path}");
    }
    let posted = app.browser().submit("/pkg/dwell.4711.js", &[]).await;
    assert_eq!(posted.status, 405);
    assert_eq!(posted.header("allow"), Some("GET,HEAD"));
    assert!(posted.body.contains("There is nothing to see here"));
}

// H1: this is how files are named during development.
#[tokio::test]
async fn a_built_file_without_a_hash_in_its_name_may_not_be_cached() {
    let app = TestApp::of(Setup {
        hashes: "",
        ..Setup::default()
    })
    .await;
    let answer = app.browser().visit("/pkg/dwell.4711.js").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

// H1
#[tokio::test]
async fn a_built_file_that_has_not_changed_stays_cached() {
    let app = TestApp::new().await;
    let file = app.browser().visit("/pkg/dwell.4711.js").await;
    let mut request = by_user(Method::GET, "/pkg/dwell.4711.js");
    let since = file.headers[header::LAST_MODIFIED].clone();
    request
        .headers_mut()
        .insert(header::IF_MODIFIED_SINCE, since);
    let answer = app.browser().send(request).await;
    assert_eq!(answer.status, 304);
    assert_ne!(answer.header("cache-control"), Some("no-store"));
}

// H4
#[tokio::test]
async fn only_signing_out_clears_site_data() {
    for (what, answer) in answers().await {
        let expected = (what == "sign-out").then_some("\"storage\"");
        assert_eq!(answer.header("clear-site-data"), expected, "{what}");
    }
}

// G6: only browsers without scripts leave a page by themselves, and the page says so beforehand.
#[tokio::test]
async fn no_page_refreshes_itself_without_a_warning() {
    for (what, answer) in answers().await {
        assert_eq!(answer.header("refresh"), None, "{what}");
        let body = answer.body.to_lowercase();
        if let Some((before, after)) = body.split_once("http-equiv=\"refresh\"") {
            assert!(before.ends_with("<noscript><meta "), "{what}");
            assert!(after.contains("this page closes"), "{what}");
            assert!(!after.contains("http-equiv"), "{what}");
        }
        assert!(
            !body
                .replace("http-equiv=\"refresh\"", "")
                .contains("http-equiv")
        );
    }
}

#[tokio::test]
async fn every_answer_has_restrictive_headers() {
    for (what, answer) in answers().await {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{what}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{what} {policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"));
        // No other site may read answers.
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

fn nonce(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy").unwrap();
    let (_, nonce) = policy.split_once("'nonce-").unwrap();
    nonce.split_once('\'').unwrap().0.to_owned()
}

#[tokio::test]
async fn scripts_and_styles_need_a_nonce_that_is_new_in_every_answer() {
    let app = TestApp::new().await;
    let mut nonces = BTreeSet::new();
    for path in ["/", SIGN_IN_PATH, "/account", "/workspace", "/nowhere"] {
        let mut browser = app.in_session().await;
        for _ in 0..3 {
            let answer = browser.visit(path).await;
            let nonce = nonce(&answer);
            assert!(nonce.len() >= 16, "{nonce}");
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.contains(&format!("style-src 'self' 'nonce-{nonce}';")));
            for inline in ["<script", "<style"] {
                for element in answer.body.split(inline).skip(1) {
                    let (attributes, _) = element.split_once('>').unwrap();
                    let expected = format!("nonce=\"{nonce}\"");
                    assert!(attributes.contains(&expected), "{path} {attributes}");
                }
                assert!(answer.body.contains(inline), "{path}");
            }
            let body = answer.body.to_lowercase();
            for inline in [" style=", "javascript:", " onclick=", " onload="] {
                assert!(!body.contains(inline), "{path} {inline}");
            }
            assert!(nonces.insert(nonce), "a nonce was used twice");
        }
    }
}
