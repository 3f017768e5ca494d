//! A request is in the session that the last cookie of the name says, and in none otherwise.
#![no_main]

use std::sync::LazyLock;

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, StatusCode, header::COOKIE},
    routing::get,
};
use dwell::{CurrentSession, SameSite, SessionCookie, cookie_value, store::SessionId};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

const NAME: &str = "sid";

static ID: LazyLock<SessionId> = LazyLock::new(|| dwell_fuzz::ID.parse().expect("an id"));

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
});

static PROGRAM: LazyLock<Router> = LazyLock::new(|| {
    let cookie = SessionCookie::new(NAME, true, SameSite::Lax).expect("a name that browsers keep");
    let dwell = dwell_fuzz::dwell_with(cookie);
    let page = async |session: Option<CurrentSession>| match session {
        Some(_) => StatusCode::OK,
        None => StatusCode::NO_CONTENT,
    };
    Router::new().route("/", get(page)).layer(dwell.layer())
});

// Each line is a `Cookie` header of its own.
fuzz_target!(|lines: &[u8]| {
    let mut request = Request::new(Body::empty());
    for line in lines.split(|byte| *byte == b'\n') {
        let Ok(line) = HeaderValue::from_bytes(line) else {
            return;
        };
        request.headers_mut().append(COOKIE, line);
    }
    let expected = last_of_the_name(lines);
    let found = cookie_value(request.headers(), NAME);
    assert_eq!(found, expected.and_then(|value| str::from_utf8(value).ok()));

    let is_the_session = found.and_then(|value| value.parse().ok()) == Some(*ID);
    let answer = RUNTIME
        .block_on(PROGRAM.clone().oneshot(request))
        .expect("an answer");
    assert_eq!(answer.status() == StatusCode::OK, is_the_session);
});

/// The value of the last cookie of the name, found in the plainest way.
fn last_of_the_name(lines: &[u8]) -> Option<&[u8]> {
    let cookies = lines.split(|byte| matches!(byte, b'\n' | b';'));
    let mut values = cookies.filter_map(|cookie| {
        let equals = cookie.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&cookie[..equals], &cookie[equals + 1..]);
        (name.trim_ascii() == NAME.as_bytes()).then(|| value.trim_ascii())
    });
    values.next_back()
}
