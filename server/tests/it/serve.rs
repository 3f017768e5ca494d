//! Tests of the running server over a real connection, with all of its log.

use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{PASSWORD, Server, cookie_of, generation_of};

// F3
#[tokio::test]
async fn a_running_server_deletes_drafts_that_have_expired() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[]);
    let file = directory.path().join("data/dwell.db");
    let url = format!("sqlite://{}", file.display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query(
        "insert into dwell_drafts (person, id, form, fields, saved_at, expires_at) \
         values ('1', 'expired', 'note', '[]', 0, 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let mut left = 1;
    for _ in 0..100 {
        (left,) = sqlx::query_as("select count(*) from dwell_drafts")
            .fetch_one(&pool)
            .await
            .unwrap();
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(left, 0);
    server.stop();
}

// B1
#[test]
fn a_secure_cookie_that_other_hosts_can_set_is_logged_as_a_warning() {
    let directory = TempDir::new().unwrap();
    for (name, expects_warning) in [
        ("__Host-dwell", false),
        ("__Secure-dwell", true),
        ("dwell", true),
    ] {
        let server = match expects_warning {
            false => Server::start(&directory, &[("DWELL_COOKIE_NAME", name)]),
            true => Server::start_again(&directory, &[("DWELL_COOKIE_NAME", name)]),
        };
        let (_, log) = server.stop();
        assert_eq!(log.contains("WARN"), expects_warning, "{log}");
        assert_eq!(
            log.contains("has no prefix __Host-"),
            expects_warning,
            "{log}"
        );
    }
}

// L1, L3, L4, E3
#[test]
fn a_whole_session_leaves_no_id_in_the_log() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[("DWELL_LOG", "trace,[request]=trace")]);
    let agent = "user-agent: A\tbrowser/1.0\r\n";
    let signed_in = server.sign_in(agent);
    assert!(signed_in.starts_with("HTTP/1.1 303"), "{signed_in}");
    let cookie = cookie_of(&signed_in);
    let id = cookie.value();
    let as_header = format!("cookie: {}={id}\r\n", cookie.name());

    let elsewhere = server.sign_in(agent);
    let page = server.get("/account", &as_header);
    assert!(page.contains("Abrowser/1.0"), "{page}");
    assert!(page.contains("127.0.0.1, signed in"), "{page}");
    let folded = server.get("/", "user-agent: a\r\n session_created INJECTED\r\n");
    assert!(folded.starts_with("HTTP/1.1 400"), "{folded}");

    let form = format!("generation={}", generation_of(&page));
    let signed_out = server.post("/sign-out", &as_header, &form);
    assert!(signed_out.starts_with("HTTP/1.1 303"), "{signed_out}");
    let late = server.get("/workspace", &as_header);
    assert!(late.contains("location: /sign-in"), "{late}");
    let (status, log) = server.stop();

    assert!(status.success(), "{status}");
    assert!(
        log.contains("DEBUG request{method=POST path=\"/sign-in\"}"),
        "{log}"
    );
    assert_eq!(log.matches("event=\"session_created\"").count(), 2);
    assert!(log.contains("reason=signed_out"));
    let other = cookie_of(&elsewhere);
    for secret in [id, other.value(), PASSWORD, "INJECTED", "\u{1b}"] {
        let leak = log.lines().find(|line| line.contains(secret));
        assert_eq!(leak, None);
    }
}
