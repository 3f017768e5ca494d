//! Tests of sessions that end while a request is being sent: what arrives after the end changes
//! nothing.

use axum::http::{HeaderValue, Method, Request};
use dwell::EndReason;
use dwell_app::names::{
    DISCARD_DRAFT_PATH, DRAFT_FIELD, DRAFT_FORM_FIELD, NOTE_FORM, TAKE_BACK_DRAFT_PATH,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    drafts::{DRAFT, TEXT},
    generation::{guarded, state},
    harness::{Browser, EMAIL, TestApp, by_script, by_user},
    routes::Route,
};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A request on a connection of its own, sent in two parts.
struct SlowRequest {
    connection: TcpStream,
    rest: Vec<u8>,
}

impl SlowRequest {
    /// Sends the head and the first half of the body, and waits until the server has asked for the
    /// body, which shows that it has read the head.
    async fn begin(app: &TestApp, request: Request<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = app.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });

        let body = request.body().as_bytes();
        let mut head = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri());
        for (name, value) in request.headers() {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        head.push_str("connection: close\r\nexpect: 100-continue\r\n");
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let (half, rest) = body.split_at(body.len() / 2);

        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut asked = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
        connection.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        connection.write_all(half).await.unwrap();
        let rest = rest.to_vec();
        Self { connection, rest }
    }

    /// Sends the rest and returns the answer.
    async fn finish(mut self) -> String {
        self.connection.write_all(&self.rest).await.unwrap();
        let mut answer = String::new();
        self.connection.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

/// Whether what somebody wrote is sent to `route`.
fn is_writing(route: &Route) -> bool {
    ["/workspace", "/drafts"].contains(&route.path)
}

/// The request of a page to `route`: a form, or the request of a script if the page uses one.
fn request(browser: &Browser, route: &Route, generation: &str) -> Request<String> {
    let is_form = !route.path.starts_with("/api");
    let (mut request, body) = if is_form {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("generation", generation)
            .append_pair("id", "1")
            .append_pair("text", TEXT)
            .append_pair(DRAFT_FIELD, DRAFT);
        if is_writing(route) {
            body.append_pair(DRAFT_FORM_FIELD, NOTE_FORM);
        }
        let body = body.finish();
        (by_user(Method::POST, route.path), body)
    } else {
        let mut request = by_script(Method::POST, route.path);
        let generation = generation.try_into().unwrap();
        request.headers_mut().insert("dwell-generation", generation);
        (request, json!({ "idle_for_ms": 0 }).to_string())
    };
    let headers = request.headers_mut();
    let cookie = format!("__Host-dwell={}", browser.cookie().unwrap());
    headers.insert("cookie", cookie.try_into().unwrap());
    let kind = if is_form { FORM } else { JSON };
    headers.insert("content-type", HeaderValue::from_static(kind));
    request.map(|_| body)
}

async fn end(app: &TestApp, browser: &Browser, reason: EndReason) {
    match reason {
        EndReason::SignedOut => {
            let mut elsewhere = browser.clone();
            assert_eq!(elsewhere.sign_out().await.status, 303);
        }
        EndReason::IdleTimeout => app.advance(app.policy.idle()),
        reason => assert!(app.end(browser.id(), reason).await),
    }
    assert!(browser.clone().ask_status().await.is_end(reason));
}

async fn assert_nothing_done_after(reason: EndReason) {
    let app = TestApp::new().await;
    let mut author = app.in_session().await;
    let note = [("text", "a note")];
    author.submit_from("/workspace", "/workspace", &note).await;
    for route in guarded() {
        // Another session, which the request could sign out.
        app.in_session().await;
        let browser = app.in_session().await;
        let generation = browser.clone().generation().await.to_string();
        let slow = SlowRequest::begin(&app, request(&browser, route, &generation)).await;
        end(&app, &browser, reason).await;
        let before = state(&app).await;

        let answer = slow.finish().await;

        let status = if route.path.starts_with("/api") {
            "401"
        } else {
            "303"
        };
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{reason} {route:?} {answer}");
        let tells_reason = answer.contains(reason.name()) || status == "303";
        assert!(tells_reason, "{reason} {route:?} {answer}");
        assert!(
            !answer.contains("set-cookie") && !answer.contains(EMAIL),
            "{answer}"
        );
        let mut after = state(&app).await;
        after.retain(|(row,)| !row.starts_with("draft "));
        assert_eq!(after, before, "{reason} {route:?}");
        let told = browser.clone().ask_status().await;
        assert!(told.is_end(reason), "{reason} {route:?} {told:?}");

        let kept = app.count("select count(*) from dwell_drafts where fields is not null");
        if reason == EndReason::IdleTimeout {
            assert_eq!(kept.await, i64::from(is_writing(route)), "{route:?}");
        }
        sqlx::query("delete from dwell_drafts")
            .execute(&app.pool)
            .await
            .unwrap();
    }
}

// A1, A10, F3
#[tokio::test]
async fn a_request_that_arrives_after_a_timeout_changes_nothing_and_is_kept_as_a_draft() {
    assert_nothing_done_after(EndReason::IdleTimeout).await;
}

// C1, C2
#[tokio::test]
async fn a_request_that_arrives_after_a_sign_out_changes_nothing() {
    assert_nothing_done_after(EndReason::SignedOut).await;
}

// C2, C5
#[tokio::test]
async fn a_request_that_arrives_after_a_revocation_changes_nothing() {
    assert_nothing_done_after(EndReason::Revoked).await;
}

/// The same requests are carried out in a live session, which shows that the tests above can fail.
#[tokio::test]
async fn a_slow_request_in_a_live_session_is_carried_out() {
    for route in guarded() {
        let app = TestApp::new().await;
        app.in_session().await;
        let mut browser = app.in_session().await;
        let note = [("text", "a note")];
        browser.submit_from("/workspace", "/workspace", &note).await;
        let mut page = browser.clone().with_generation().await;
        page.save_draft(DRAFT, TEXT).await;
        // There has to be something to take back.
        match route.path {
            "/workspace/take-back" => page.submit("/workspace/delete", &[("id", "1")]).await,
            TAKE_BACK_DRAFT_PATH => {
                page.submit(DISCARD_DRAFT_PATH, &[(DRAFT_FIELD, DRAFT)])
                    .await
            }
            _ => page.ask_status().await,
        };
        let generation = browser.generation().await.to_string();
        let before = state(&app).await;
        let slow = SlowRequest::begin(&app, request(&browser, route, &generation)).await;
        app.advance(app.policy.idle() / 2);

        let answer = slow.finish().await;

        let is_form = !route.path.starts_with("/api");
        let status = if is_form { ["303", "204"] } else { ["200"; 2] };
        assert!(
            status.contains(&&answer["HTTP/1.1 ".len()..][..3]),
            "{answer}"
        );
        assert_eq!(state(&app).await != before, is_form, "{route:?}");
    }
}
