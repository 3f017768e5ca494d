//! Tests of the database file: its names, its permissions, and what happens if it is removed or
//! damaged.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use dwell::Connections;
use dwell_server::database::Database;
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::{
    cli::{ADD, one_line, run},
    harness::{PASSWORD, Server, cookie_header, generation_of, wait_until_ready_is},
};

const DATABASE: &str = "data/dwell.db";

/// Each server would only know its own sessions, and miss a sign-out at the other.
#[test]
fn two_servers_do_not_share_a_file_under_whichever_names() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[]);
    let path = |name: &str| directory.path().join(name);
    symlink(path(DATABASE), path("symbolic.db")).unwrap();
    symlink("data", path("elsewhere")).unwrap();
    fs::hard_link(path(DATABASE), path("hard.db")).unwrap();
    let absolute = format!("sqlite://{}", path(DATABASE).display());
    for url in [
        "sqlite://data/dwell.db",
        "sqlite://data/../data/dwell.db",
        "sqlite://elsewhere/dwell.db",
        "sqlite://symbolic.db",
        "sqlite://hard.db",
        &absolute,
    ] {
        let settings = [
            // Nothing can listen on this address, so a server that starts in spite of the lock
            // fails here, and the test does not wait for it.
            ("DWELL_ADDR", "203.0.113.1:1"),
            ("DWELL_SITE_ROOT", "site"),
            ("DWELL_DATABASE_URL", url),
        ];
        let second = run(&directory, &["serve"], &settings, "");
        assert_eq!(second.status.code(), Some(1), "{url} {second:?}");
        assert!(one_line(&second).contains("another dwell"), "{second:?}");
    }
    fs::remove_file(path("hard.db")).unwrap();
    server.stop();
    let elsewhere = [("DWELL_DATABASE_URL", "sqlite://symbolic.db")];
    Server::start_again(&directory, &elsewhere).stop();
}

#[test]
fn a_new_database_is_logged_and_only_its_owner_may_read_it() {
    let directory = TempDir::new().unwrap();
    Server::start(&directory, &[]).stop();
    let other = [("DWELL_DATABASE_URL", "sqlite://made/here/other.db")];
    let server = Server::start_again(&directory, &other);
    let mode = |name: &str| {
        let metadata = fs::metadata(directory.path().join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    for name in ["made", "made/here"] {
        assert_eq!(mode(name), 0o700, "{name}");
    }
    for name in ["other.db", "other.db-wal", "other.db-shm"] {
        assert_eq!(mode(&format!("made/here/{name}")), 0o600, "{name}");
    }
    let (_, log) = server.stop();
    assert_eq!(
        log.matches("an empty one has been created").count(),
        1,
        "{log}"
    );
    let (_, log) = Server::start_again(&directory, &other).stop();
    assert!(!log.contains("an empty one has been created"), "{log}");
}

#[test]
fn a_database_that_others_can_read_is_logged_as_a_warning() {
    let directory = TempDir::new().unwrap();
    Server::start(&directory, &[]).stop();
    let warns = |directory_mode, file_mode| {
        let data = directory.path().join("data");
        fs::set_permissions(&data, fs::Permissions::from_mode(directory_mode)).unwrap();
        let file = directory.path().join(DATABASE);
        fs::set_permissions(&file, fs::Permissions::from_mode(file_mode)).unwrap();
        let (_, log) = Server::start_again(&directory, &[]).stop();
        let mode = fs::metadata(&data).unwrap().permissions().mode();
        assert_eq!(
            mode & 0o777,
            directory_mode,
            "the mode of a directory that exists is changed"
        );
        log.contains("others on this machine can read the database")
    };
    assert!(warns(0o755, 0o644));
    assert!(warns(0o750, 0o640));
    assert!(!warns(0o755, 0o600));
    assert!(!warns(0o700, 0o644));
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

// A11
#[test]
fn requests_are_denied_while_the_file_is_gone_until_the_same_file_is_back() {
    for is_replaced in [false, true] {
        let directory = TempDir::new().unwrap();
        let server = Server::start(&directory, &[]);
        let cookie = cookie_header(&server.sign_in(""));
        let generation = generation_of(&server.get("/workspace", &cookie)).to_owned();
        let form = format!("text=kept+nowhere&generation={generation}");
        let (file, aside) = (
            directory.path().join(DATABASE),
            directory.path().join("data/aside.db"),
        );
        fs::rename(&file, &aside).unwrap();
        if is_replaced {
            fs::copy(&aside, &file).unwrap();
        }

        let answer = wait_until_ready_is(&server, "503");
        assert!(answer.contains("removed or replaced"), "{answer}");
        for answer in [
            server.post("/workspace", &cookie, &form),
            server.sign_in(""),
            server.get("/workspace", &cookie),
            server.get("/account", &cookie),
            server.post("/sign-out", &cookie, &form),
        ] {
            assert_eq!(status(&answer), "503", "{answer}");
        }
        assert_eq!(status(&server.get("/healthz", "")), "200");
        assert_eq!(file.exists(), is_replaced, "a file is created");

        fs::rename(&aside, &file).unwrap();
        wait_until_ready_is(&server, "200");
        let page = server.get("/workspace", &cookie);
        assert_eq!(status(&page), "200", "{page}");
        assert!(!page.contains("kept nowhere"), "{page}");
        let (_, log) = server.stop();
        for line in [
            "every request is denied",
            "the file of the database is back",
        ] {
            assert_eq!(log.matches(line).count(), 1, "{log}");
        }
    }
}

/// Otherwise, a connection that is opened after the file was removed would create an empty one.
#[tokio::test]
async fn only_the_first_connection_creates_a_file() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("dwell.db");
    let url = format!("sqlite://{}", file.display()).parse().unwrap();
    let database = Database::open(&url, Connections::default()).await.unwrap();
    let Database::Sqlite(database) = database else {
        panic!("the database is not SQLite");
    };
    let accounts = || async {
        database
            .read::<(i64,), sqlx::Error>(|connection| {
                Box::pin(sqlx::query_as("select count(*) from accounts").fetch_one(connection))
            })
            .await
    };
    fs::rename(&file, directory.path().join("aside.db")).unwrap();
    for _ in 0..3 {
        assert!(accounts().await.is_err());
        let written = database
            .write::<_, sqlx::Error>(|connection| {
                Box::pin(sqlx::query("delete from accounts").execute(connection))
            })
            .await;
        assert!(written.is_err());
    }
    assert!(!Path::new(&file).exists());
    fs::rename(directory.path().join("aside.db"), &file).unwrap();
    assert_eq!(accounts().await.unwrap(), (0,));
}

#[test]
fn a_file_is_not_created_with_mode_rw() {
    let directory = TempDir::new().unwrap();
    let settings = [("DWELL_DATABASE_URL", "sqlite://data/dwell.db?mode=rw")];
    let output = run(&directory, &ADD, &settings, PASSWORD);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(one_line(&output).contains("no database data/dwell.db"));
    assert!(!directory.path().join(DATABASE).exists());
}

#[tokio::test]
async fn readers_do_not_wait_for_writers() {
    let directory = TempDir::new().unwrap();
    let url = format!("sqlite://{}/dwell.db", directory.path().display());
    let url = url.parse().unwrap();
    let connections = Connections::default();
    let database = Database::open(&url, connections).await.unwrap();
    let Database::Sqlite(database) = database else {
        panic!("the database is not SQLite");
    };
    let file = directory.path().join("dwell.db");
    let other = SqliteConnectOptions::new().filename(file);
    let mut lock = other.connect().await.unwrap();
    sqlx::raw_sql("begin immediate")
        .execute(&mut lock)
        .await
        .unwrap();
    let writers: Vec<_> = (0..connections.limit)
        .map(|_| {
            let database = database.clone();
            tokio::spawn(async move {
                let written = database
                    .write::<_, sqlx::Error>(|connection| {
                        Box::pin(sqlx::query("delete from accounts").execute(connection))
                    })
                    .await;
                written.map(drop)
            })
        })
        .collect();
    // All writers are waiting or working before anybody reads.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let accounts: (i64,) = database
        .read::<_, sqlx::Error>(|connection| {
            Box::pin(sqlx::query_as("select count(*) from accounts").fetch_one(connection))
        })
        .await
        .unwrap();
    assert_eq!(accounts, (0,));
    assert!(writers.iter().all(|writer| !writer.is_finished()));

    sqlx::raw_sql("commit").execute(&mut lock).await.unwrap();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
}

/// Changes the database of a server that is stopped, without checking foreign keys.
async fn change(directory: &TempDir, change: &'static str) {
    let options = SqliteConnectOptions::new()
        .filename(directory.path().join(DATABASE))
        .foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(change)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_check_reports_the_problems_of_a_database() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[]);
    server.sign_in("");
    let output = run(&directory, &["check"], &[], "");
    assert!(output.status.success(), "while the server runs: {output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("no problem found"), "{said}");
    server.stop();
    for (wrong, said, right) in [
        (
            "update dwell_sessions set person = '4711'",
            "a row of dwell_sessions refers to a row of accounts that does not exist\n",
            "update dwell_sessions set person = '1'",
        ),
        (
            "update dwell_sessions set generation = upper(generation) || 'x'",
            "1 rows of dwell_sessions cannot be read: correct or delete them\n",
            "update dwell_sessions set generation = lower(substr(generation, 1, 32))",
        ),
        (
            "update dwell_sessions set ended_at = 1, end_reason = 'bored'",
            "1 rows of dwell_sessions cannot be read: correct or delete them\n",
            "update dwell_sessions set ended_at = null, end_reason = null",
        ),
        (
            "update dwell_sessions set browser = cast(x'fffe' as text)",
            "1 rows of dwell_sessions cannot be read: correct or delete them\n",
            "update dwell_sessions set browser = ''",
        ),
        (
            "insert into notes (account, text, written_at) values (1, cast(x'ff' as text), 1)",
            "1 rows of notes cannot be read: correct or delete them\n",
            "delete from notes",
        ),
        (
            "insert into dwell_drafts (person, id, form, fields, saved_at, expires_at) \
             values ('1', 'aa', 'note', '[]', 1, 1), ('1', 'bb', 'note', '{}', 1, 1)",
            "2 rows of dwell_drafts cannot be read: correct or delete them\n",
            "delete from dwell_drafts",
        ),
        (
            "drop index dwell_tombstones_by_end",
            "the schema lacks the index dwell_tombstones_by_end\n",
            "create index dwell_tombstones_by_end on dwell_sessions (ended_at) where ended_at is not null",
        ),
        (
            "drop index dwell_tombstones_by_end; create index dwell_tombstones_by_end on dwell_sessions (person)",
            "the index dwell_tombstones_by_end of the schema has been changed\n",
            "drop index dwell_tombstones_by_end; \
             create index dwell_tombstones_by_end on dwell_sessions (ended_at) where ended_at is not null",
        ),
        (
            "update _sqlx_migrations set version = 4711 where version = 2",
            "migration 2 has not been run: `dwell serve` runs it when it starts\n\
             migration 4711 is not known to this version of dwell: use a newer version\n",
            "update _sqlx_migrations set version = 2 where version = 4711",
        ),
        (
            "update _sqlx_migrations set checksum = x'00' where version = 1",
            "migration 1 differs from that of this version of dwell\n",
            "",
        ),
    ] {
        change(&directory, wrong).await;
        let output = run(&directory, &["check"], &[], "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), said);
        change(&directory, right).await;
    }
}

#[test]
fn a_check_finds_a_damaged_file_and_creates_none() {
    let directory = TempDir::new().unwrap();
    let nowhere = run(&directory, &["check"], &[], "");
    assert_eq!(nowhere.status.code(), Some(1), "{nowhere:?}");
    assert!(one_line(&nowhere).contains("no database"));
    assert!(!directory.path().join("data").exists());

    Server::start(&directory, &[]).stop();
    let file = directory.path().join(DATABASE);
    let mut content = fs::read(&file).unwrap();
    let second_page = 4096..2 * 4096;
    content[second_page].fill(0xff);
    fs::write(&file, content).unwrap();
    let damaged = run(&directory, &["check"], &[], "");
    assert_eq!(damaged.status.code(), Some(1), "{damaged:?}");
    let said = String::from_utf8(damaged.stdout).unwrap();
    assert!(said.contains("the file is damaged"), "{said}");
}
