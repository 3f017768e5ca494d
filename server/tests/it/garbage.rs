//! Tests that the server answers arbitrary requests, and never with a server error.

use std::cell::RefCell;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, header},
};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    prop_assert,
    sample::select,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Runtime;

use crate::{
    harness::{Browser, HOST, TestApp},
    routes::ROUTES,
};

/// An arbitrary request.
#[derive(Debug, Clone)]
struct Sent {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    is_signed_in: bool,
}

/// Arbitrary bytes that are allowed in a header.
fn header_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..64),
        "[ -~]{0,64}".prop_map(String::into_bytes),
        select(vec![
            "navigate",
            "cors",
            "document",
            "?1",
            "same-origin",
            "none",
            "cross-site",
            "prefetch",
            "text/html",
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "0",
            "-1",
            "bytes=0-1",
            "gzip",
            "100-continue",
            "00000000000000000000000000000000",
            "https://dwell.example",
            "null",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

const HEADERS: [&str; 21] = [
    "accept",
    "accept-encoding",
    "cache-control",
    "content-encoding",
    "content-type",
    "cookie",
    "dwell-generation",
    "expect",
    "if-modified-since",
    "origin",
    "purpose",
    "range",
    "referer",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "sec-purpose",
    "user-agent",
    "x-forwarded-for",
    "x-http-method-override",
];

fn body() -> impl Strategy<Value = Vec<u8>> {
    let field = select(vec![
        "email",
        "password",
        "next",
        "text",
        "id",
        "generation",
        "draft",
        "form",
        "idle_for_ms",
    ]);
    let value = prop_oneof![
        "[ -~]{0,40}",
        "\\PC{0,40}",
        Just("\0".to_owned()),
        Just("note".to_owned()),
        "[0-9a-f]{32}",
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
    ];
    let pairs = vec((field, value), 0..6).boxed();
    let form = pairs.clone().prop_map(|pairs| {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    });
    let json = pairs.prop_map(|pairs| {
        let members = pairs.into_iter().map(|(name, value)| {
            let value = value
                .parse::<i64>()
                .map_or(value.into(), serde_json::Value::from);
            (name.to_owned(), value)
        });
        serde_json::Value::Object(members.collect()).to_string()
    });
    prop_oneof![
        form.prop_map(String::into_bytes),
        json.prop_map(String::into_bytes),
        r#"[\[\]{}":,0-9a-z\\ ]{0,60}"#.prop_map(String::into_bytes),
        vec(any::<u8>(), 0..200),
        Just(br#"{"idle_for_ms":18446744073709551615}"#.to_vec()),
        Just(br#"{"idle_for_ms":18446744073709551616}"#.to_vec()),
    ]
}

fn sent(paths: Vec<String>) -> impl Strategy<Value = Sent> {
    let path = (select(paths), "[!-~]{0,40}", any::<bool>()).prop_map(|(path, tail, is_query)| {
        match is_query {
            true => format!("{path}?{tail}"),
            false => path,
        }
    });
    let methods = vec![
        "GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW",
    ];
    (
        select(methods),
        path,
        vec((select(HEADERS.to_vec()), header_value()), 0..8),
        body(),
        any::<bool>(),
    )
        .prop_map(|(method, path, headers, body, is_signed_in)| Sent {
            method,
            path,
            headers,
            body,
            is_signed_in,
        })
}

/// The request, if it can be sent at all.
fn request(sent: &Sent) -> Option<Request<Body>> {
    let mut request = Request::builder()
        .method(Method::from_bytes(sent.method.as_bytes()).ok()?)
        .uri(&sent.path)
        .header(header::HOST, HOST)
        .body(Body::from(sent.body.clone()))
        .ok()?;
    for (name, value) in &sent.headers {
        let value = HeaderValue::from_bytes(value).ok()?;
        request
            .headers_mut()
            .append(HeaderName::from_static(name), value);
    }
    Some(request)
}

fn never_fails(cases: u32, paths: Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let app = runtime.block_on(TestApp::new());
    let live = RefCell::new(signed_in(&runtime, &app));
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&sent(paths), |sent| {
        let Some(request) = request(&sent) else {
            return Ok(());
        };
        let mut browser = match sent.is_signed_in {
            true => live.borrow().clone(),
            false => app.browser(),
        };
        let answer = runtime.block_on(browser.send(request));
        if sent.is_signed_in && browser.cookie() != live.borrow().cookie() {
            live.replace(signed_in(&runtime, &app));
        }
        prop_assert!(!answer.status.is_server_error(), "{answer:?}");
        prop_assert!(answer.headers.contains_key("content-security-policy"));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let told = runtime.block_on(live.into_inner().ask_status());
    assert_eq!(told.status, 200, "the session did not survive the requests");
}

fn signed_in(runtime: &Runtime, app: &TestApp) -> Browser {
    runtime.block_on(async { app.in_session().await.with_generation().await })
}

#[test]
fn no_route_fails_on_garbage() {
    let paths = ROUTES
        .iter()
        .map(|route| route.path.to_owned())
        .filter(|path| path != "/sign-in")
        .chain(["/nowhere".to_owned(), "/pkg/%2e%2e/dwell.db".to_owned()])
        .collect();
    never_fails(3_000, paths);
}

/// Separate from the other routes, because every attempt to sign in hashes a password, which takes
/// long.
#[test]
fn signing_in_does_not_fail_on_garbage() {
    never_fails(600, vec!["/sign-in".to_owned()]);
}

/// Requests that are valid except for an arbitrary cookie.
#[test]
fn no_cookie_fails_or_signs_in() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let app = runtime.block_on(TestApp::new());
    let cookie = prop_oneof![
        "[ -~]{0,80}",
        "[A-Za-z0-9_-]{22}",
        "__Host-dwell=[A-Za-z0-9_-]{22}(; __Host-dwell=[A-Za-z0-9_-]{0,22}){0,3}",
        vec(any::<u8>(), 0..80).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ];
    let config = Config {
        cases: 1_500,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&cookie, |cookie| {
        let Ok(value) = HeaderValue::from_str(&cookie) else {
            return Ok(());
        };
        let mut request = crate::harness::by_script(Method::GET, "/workspace");
        request.headers_mut().insert(header::COOKIE, value);
        let answer = runtime.block_on(app.browser().send(request));
        prop_assert!(answer.status == 401, "{answer:?}");
        prop_assert!(answer.set_cookies().is_empty());
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
