//! How `dwell` starts with PostgreSQL and Redis, and which errors it prints if it cannot.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
};

use dwell_server::{
    application::Application,
    config::{Config, Settings},
};
use sqlx::Executor as _;
use tempfile::TempDir;

use crate::harness::{connect, postgres, redis, redis_database, schema};

const PASSWORD: &str = "correct horse battery staple";

fn add_user(directory: &TempDir, settings: &[(&str, &str)]) -> Output {
    dwell(
        directory,
        &["user", "add", "ada@example.com", "--password-stdin"],
        settings,
    )
}

fn dwell(directory: &TempDir, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dwell"))
        .args(arguments)
        .current_dir(directory.path())
        .env_clear()
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(PASSWORD.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Asserts that standard error is one line which contains all of `parts` and no password.
fn assert_one_line(output: &Output, parts: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = std::str::from_utf8(&output.stderr).unwrap();
    let error: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("dwell: "))
        .collect();
    assert_eq!(error.len(), 1, "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    for part in parts {
        assert!(error[0].contains(part), "{} does not say {part}", error[0]);
    }
    for secret in ["s3cret", "a%20secret", "a secret of"] {
        assert!(!text.contains(secret), "{text}");
    }
}

fn unused_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

// A4
#[test]
fn a_database_that_cannot_be_used_is_reported_in_one_line() {
    let directory = TempDir::new().unwrap();
    let port = postgres().port;
    let unused_port = unused_port();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let server = postgres().url("postgres", "dwell", "nothing");
    for (url, parts) in [
        (
            format!("postgres://dwell:s3cret@127.0.0.1:{unused_port}/dwell"),
            "refused",
        ),
        (
            format!("postgres://dwell:s3cret@127.0.0.1:{port}/postgres"),
            "password",
        ),
        (server, "\"nothing\" does not exist"),
        (
            format!("postgres://dwell:s3cret@127.0.0.1:{silent_port}/dwell"),
            "not answered within 300ms",
        ),
        (
            format!("postgres://dwell:s3cret@127.0.0.1:{port}/postgres?sslmode=require"),
            "TLS",
        ),
        (
            format!("postgres://dwell:s3cret@127.0.0.1:{port}/a?sslmode=perhaps"),
            "postgres://USER",
        ),
        (
            "postgres://dwell:s3cret@127.0.0.1:x/a".to_owned(),
            "postgres://USER",
        ),
        (
            "mysql://dwell:s3cret@127.0.0.1/a?password=s3cret".to_owned(),
            "postgres://USER",
        ),
    ] {
        let settings = [
            ("DWELL_DATABASE_URL", url.as_str()),
            ("DWELL_STORE_TIMEOUT", "300ms"),
        ];
        assert_one_line(
            &add_user(&directory, &settings),
            &["DWELL_DATABASE_URL", parts],
        );
    }
}

// A4
#[test]
fn a_session_store_that_cannot_be_used_is_reported_in_one_line() {
    let directory = site();
    let port = redis().port;
    let unused_port = unused_port();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    for (url, part) in [
        (
            format!("redis://:s3cret@127.0.0.1:{unused_port}/0"),
            "127.0.0.1",
        ),
        (format!("redis://:s3cret@127.0.0.1:{port}/0"), "WRONGPASS"),
        (format!("redis://127.0.0.1:{port}/0"), "NOAUTH"),
        (
            format!("rediss://:s3cret@127.0.0.1:{port}/0"),
            "rediss://127.0.0.1",
        ),
        (redis().url("redis", "", "251"), "index is out of range"),
        (
            format!("redis://:s3cret@127.0.0.1:{silent_port}/0"),
            "127.0.0.1",
        ),
        ("redis://:s3cret@127.0.0.1:x/0".to_owned(), "redis://USER"),
        (
            "redis-cluster://:s3cret@127.0.0.1/0".to_owned(),
            "redis://USER",
        ),
        ("memcached://:s3cret@127.0.0.1/0".to_owned(), "redis://USER"),
    ] {
        let settings = [
            ("DWELL_SESSION_STORE", url.as_str()),
            ("DWELL_STORE_TIMEOUT", "300ms"),
            ("DWELL_SITE_ROOT", "site"),
            ("DWELL_ADDR", "127.0.0.1:0"),
        ];
        assert_one_line(
            &dwell(&directory, &["serve"], &settings),
            &["DWELL_SESSION_STORE", part],
        );
    }
}

// A4
#[tokio::test]
async fn the_schema_of_a_newer_version_is_reported_in_one_line() {
    let directory = TempDir::new().unwrap();
    let file = format!("sqlite://{}", directory.path().join("dwell.db").display());
    for url in [schema().await, file] {
        let settings = [("DWELL_DATABASE_URL", url.as_str())];
        assert!(add_user(&directory, &settings).status.success());
        let mut database = connect(&url).await;
        database
            .execute("update _sqlx_migrations set version = 9999 where version = 2")
            .await
            .unwrap();
        assert_one_line(
            &add_user(&directory, &settings),
            &["migration 9999", "newer"],
        );
        database
            .execute("delete from _sqlx_migrations")
            .await
            .unwrap();
        assert_one_line(
            &add_user(&directory, &settings),
            &["schema", "already exists"],
        );
    }
}

fn site() -> TempDir {
    let directory = TempDir::new().unwrap();
    let pkg = directory.path().join("site/pkg");
    std::fs::create_dir_all(&pkg).unwrap();
    std::fs::write(pkg.join("dwell.js"), "export default 1;").unwrap();
    directory
}

/// Starts a node that serves until the end of the test.
async fn node(site: &TempDir, database: &str, sessions: &str) -> SocketAddr {
    let site = site.path().join("site").display().to_string();
    let settings = [
        ("DWELL_ADDR", "127.0.0.1:0"),
        ("DWELL_DATABASE_URL", database),
        ("DWELL_SESSION_STORE", sessions),
        ("DWELL_SITE_ROOT", &site),
        ("DWELL_POOL_SIZE", "3"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::read(Path::new("no such file"), settings).unwrap();
    let config = Config::from_settings(&settings).unwrap();
    let application = Application::build(config).await.unwrap();
    let address = application.address();
    tokio::spawn(application.run_until(std::future::pending()));
    address
}

async fn ask(address: SocketAddr, request: String) -> String {
    let asked = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    });
    asked.await.unwrap()
}

async fn post(address: SocketAddr, path: &str, more: &str, body: &str) -> String {
    let length = body.len();
    ask(
        address,
        format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             sec-fetch-site: same-origin\r\ncontent-length: {length}\r\n{more}\r\n{body}"
        ),
    )
    .await
}

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// Signs in and returns the session cookie.
async fn sign_in(address: SocketAddr) -> String {
    let form = format!(
        "email=ada%40example.com&password={}",
        PASSWORD.replace(' ', "+")
    );
    let answer = post(address, "/sign-in", FORM, &form).await;
    let (_, cookie) = answer
        .split_once("set-cookie: ")
        .unwrap_or_else(|| panic!("{answer}"));
    let (cookie, _) = cookie.split_once(';').unwrap();
    format!("cookie: {cookie}\r\n")
}

async fn status(address: SocketAddr, cookie: &str) -> String {
    let headers = format!("content-type: application/json\r\n{cookie}");
    post(address, "/api/session/status", &headers, "{}").await
}

// A8, C2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_serve_the_same_sessions() {
    let site = site();
    let in_postgres = schema().await;
    for (database, sessions) in [
        (in_postgres.clone(), "database".to_owned()),
        (in_postgres.clone(), redis_database()),
    ] {
        let one = node(&site, &database, &sessions).await;
        let other = node(&site, &database, &sessions).await;
        add_user(&site, &[("DWELL_DATABASE_URL", &database)]);
        let ready = format!("GET /readyz HTTP/1.1\r\nhost: {one}\r\nconnection: close\r\n\r\n");
        assert!(ask(one, ready).await.contains("200 OK"));

        let cookie = sign_in(one).await;
        let told = status(other, &cookie).await;
        assert!(told.contains(r#""state":"active""#), "{told}");
        let (_, generation) = told.split_once(r#""generation":""#).unwrap();
        let form = format!("generation={}", &generation[..32]);
        let headers = format!("{FORM}{cookie}");
        let signed_out = post(other, "/sign-out", &headers, &form).await;
        assert!(signed_out.contains("200 OK"), "{signed_out}");
        let told = status(one, &cookie).await;
        assert!(told.contains(r#""reason":"signed_out""#), "{told}");
    }
}
