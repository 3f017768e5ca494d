//! Tests of backups: what they contain, and what restoring them brings back.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::{
    cli::{one_line, run},
    harness::{Server, TestApp, cookie_header, generation_of},
};

const DATABASE: &str = "data/dwell.db";

fn back_up(directory: &TempDir, file: &str) -> Output {
    run(directory, &["backup", file], &[], "")
}

fn is_served(server: &Server, cookie: &str) -> bool {
    let answer = server.get("/workspace", cookie);
    let is_turned_away = answer.contains("\r\nlocation: /sign-in");
    assert_ne!(
        answer.starts_with("HTTP/1.1 200"),
        is_turned_away,
        "{answer}"
    );
    !is_turned_away
}

// C1
#[test]
fn a_restored_backup_brings_no_session_back() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[]);
    let [signed_out, left] = [(); 2].map(|()| cookie_header(&server.sign_in("")));
    let page = server.get("/workspace", &signed_out);
    let form = format!("text=a+note&generation={}", generation_of(&page));
    server.post("/workspace", &signed_out, &form);
    let made = back_up(&directory, "backup.db");
    assert!(made.status.success(), "{made:?}");
    assert!(is_served(&server, &signed_out), "the server keeps running");
    server.post("/sign-out", &signed_out, &form);
    let begun_since = cookie_header(&server.sign_in(""));
    server.stop();

    let path = |file| directory.path().join(file);
    std::fs::copy(path("backup.db"), path(DATABASE)).unwrap();
    let server = Server::start_again(&directory, &[]);
    for cookie in [&signed_out, &left, &begun_since] {
        assert!(!is_served(&server, cookie), "{cookie}");
    }
    let page = server.get("/sign-in", &left);
    assert!(page.contains("restored from a backup"), "{page}");
    let cookie = cookie_header(&server.sign_in(""));
    let page = server.get("/workspace", &cookie);
    assert!(page.contains("a note"), "{page}");
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_consistent_while_the_server_writes() {
    let app = TestApp::new().await;
    let notes = Arc::new(AtomicI64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (pool, account) = (app.pool.clone(), app.account);
        let (notes, is_over) = (notes.clone(), is_over.clone());
        async move {
            while !is_over.load(Ordering::SeqCst) {
                sqlx::query("insert into notes (account, text, written_at) values ($1, $2, 0)")
                    .bind(account)
                    .bind("note ".repeat(200))
                    .execute(&pool)
                    .await
                    .unwrap();
                notes.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let url = format!(
        "sqlite://{}",
        app.directory.path().join("dwell.db").display()
    );
    let database = url.parse().unwrap();
    for round in 0..5 {
        let before = notes.load(Ordering::SeqCst);
        let file = app.directory.path().join(format!("backup{round}.db"));
        let now = dwell::Instant::from_millis(0);
        dwell_server::database::back_up(&database, &file, now)
            .await
            .unwrap();
        let after = notes.load(Ordering::SeqCst) + 1;
        let kept = number(&file, "select count(*) from notes").await;
        assert!((before..=after).contains(&kept), "{before} {kept} {after}");
        assert_eq!(check(&file).await, "ok");
    }
    is_over.store(true, Ordering::SeqCst);
    writing.await.unwrap();
}

// C7
#[tokio::test]
async fn a_backup_contains_only_tombstones_of_live_sessions() {
    let app = TestApp::new().await;
    app.signed_in().await;
    let file = app.directory.path().join("backup.db");
    let url = format!(
        "sqlite://{}",
        app.directory.path().join("dwell.db").display()
    );
    let now = dwell::Instant::from_millis(4711);
    dwell_server::database::back_up(&url.parse().unwrap(), &file, now)
        .await
        .unwrap();
    let wiped = "select count(*) from dwell_sessions where ended_at = 4711 and end_reason = 'restored' \
                 and person = '1' and data = '{}' and address = '' and browser = ''";
    assert_eq!(number(&file, wiped).await, 1);
    let live = "select count(*) from dwell_sessions where ended_at is null";
    assert_eq!(app.count(live).await, 1, "it lives on in the database");
}

#[test]
fn a_backup_is_one_private_file_and_overwrites_none() {
    let directory = TempDir::new().unwrap();
    Server::start(&directory, &[]).stop();
    let backups = directory.path().join("backups");
    std::fs::create_dir(&backups).unwrap();
    assert!(back_up(&directory, "backups/a.db").status.success());
    let made = backups.join("a.db");
    let mode = made.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let content = std::fs::read(&made).unwrap();

    let again = back_up(&directory, "backups/a.db");
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(
        one_line(&again).contains("backups/a.db already"),
        "{again:?}"
    );
    assert_eq!(std::fs::read(&made).unwrap(), content);
    let names: Vec<_> = std::fs::read_dir(&backups)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["a.db"], "nothing else is left");
}

// A4
#[test]
fn a_failed_backup_is_reported_in_one_line_and_leaves_no_file() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("other.db"), "no database").unwrap();
    let server = (
        "DWELL_DATABASE_URL",
        "postgres://dwell:s3cret@db.example/dwell",
    );
    for (setting, file, also) in [
        (
            server,
            "backup.db",
            "pg_dump --exclude-table-data=dwell_sessions",
        ),
        (
            ("DWELL_DATABASE_URL", "sqlite://nowhere.db"),
            "backup.db",
            "nowhere.db",
        ),
        (
            ("DWELL_DATABASE_URL", "sqlite://other.db"),
            "backup.db",
            "other.db",
        ),
        (
            ("DWELL_DATABASE_URL", "sqlite://other.db"),
            "nowhere/backup.db",
            "nowhere/backup.db",
        ),
    ] {
        let output = run(&directory, &["backup", file], &[setting], "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let line = one_line(&output);
        assert!(line.contains(also) && !line.contains("s3cret"), "{line}");
    }
    let names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["other.db"]);
}

async fn number(file: &Path, query: &'static str) -> i64 {
    let mut connection = connect(file).await;
    let (number,) = sqlx::query_as(query)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    number
}

async fn check(file: &Path) -> String {
    let mut connection = connect(file).await;
    let (answer,) = sqlx::query_as("pragma integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    answer
}

async fn connect(file: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}
