//! Tests of what only SQLite can get wrong: its time comes from the process, and its file can be
//! removed.

use std::{env, fs, path::Path, process::Command, sync::Arc, time::Duration};

use dwell::{
    Connections, EndReason,
    clock::ManualClock,
    sqlite::{Database, DatabaseError, DatabaseFile, Unusable},
    store::{SqliteStore, Store},
};
use dwell_conformance::{Bench, Follower, LookupExt as _, new_session};
use sqlx::Executor as _;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::harness::{CONNECTIONS, Sqlite};

on_engine!(
    Sqlite;
    a_delayed_touch_does_not_undo_a_later_one,
    the_time_is_written_down_while_somebody_is_signed_in,
    a_program_may_bring_its_own_pool,
    readers_do_not_wait_for_writers,
    an_end_is_reported_even_if_the_caller_has_stopped_waiting
);

const SECOND: Duration = Duration::from_secs(1);

/// Opens the file of the test once more.
async fn database(bench: &Bench<Sqlite>) -> Database {
    let file: DatabaseFile = bench.subject.url.parse().unwrap();
    Database::open(file, CONNECTIONS).await.unwrap()
}

/// The delayed touch has waited while another one was written.
async fn a_delayed_touch_does_not_undo_a_later_one(bench: &Bench<Sqlite>) {
    let key = bench.session().await.key;
    bench.advance(2 * SECOND).await;
    let now = bench.now();
    bench.touch(key, now).await;
    let clock = Arc::new(ManualClock::at(now - SECOND));
    let delayed = SqliteStore::new(database(bench).await, clock);
    for at in [now - 2 * SECOND, now - SECOND, now] {
        delayed.touch(key, at).await.unwrap();
        delayed.touch_all(&[(key, at)]).await.unwrap();
        let lifetime = bench.find(key).await.found().lifetime;
        assert_eq!(lifetime.last_active_at(), now);
    }
}

async fn the_time_is_written_down_while_somebody_is_signed_in(bench: &Bench<Sqlite>) {
    let database = database(bench).await;
    let keep = async || {
        bench.store.keep_time(10).await.unwrap();
        SqliteStore::mark(&database).await.unwrap()
    };
    assert_eq!(keep().await, None);
    let session = bench.session().await;
    let began_at = bench.now();
    assert_eq!(keep().await, Some(began_at));
    bench.advance(SECOND / 2).await;
    assert_eq!(
        keep().await,
        Some(began_at),
        "the time is written at most once a second"
    );
    bench.advance(SECOND / 2).await;
    assert_eq!(keep().await, Some(bench.now()));
    bench.end(session.key, EndReason::SignedOut).await;
    bench.advance(SECOND).await;
    assert_eq!(keep().await, Some(began_at + SECOND));
}

async fn a_program_may_bring_its_own_pool(bench: &Bench<Sqlite>) {
    let pool = sqlx::SqlitePool::connect(&bench.subject.url).await.unwrap();
    let clock = Arc::new(ManualClock::at(bench.now()));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::new(pool, clock));
    let (follower, _following) = Follower::start(store.clone());
    follower.caught_up().await;
    let session = bench.session().await;
    assert!(store.end(session.key, EndReason::SignedOut).await.unwrap());
    assert!(follower.heard_end_of(session.key));
    assert!(!bench.is_live(&session).await);
}

async fn readers_do_not_wait_for_writers(bench: &Bench<Sqlite>) {
    let session = bench.session().await;
    let other = sqlx::SqlitePool::connect(&bench.subject.url).await.unwrap();
    let mut lock = other.acquire().await.unwrap();
    lock.execute("begin immediate").await.unwrap();
    let writers: Vec<_> = (0..CONNECTIONS.limit)
        .map(|_| {
            let (store, key, now) = (bench.store.clone(), session.key, bench.now());
            tokio::spawn(async move { store.touch(key, now).await })
        })
        .collect();
    // By now, all writers wait for the connection or for the lock.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(bench.find(session.key).await.is_found());
    assert!(writers.iter().all(|writer| !writer.is_finished()));

    lock.execute("commit").await.unwrap();
    for writer in writers {
        assert!(writer.await.unwrap().unwrap().is_found());
    }
}

async fn an_end_is_reported_even_if_the_caller_has_stopped_waiting(bench: &Bench<Sqlite>) {
    let (follower, _following) = Follower::start(bench.store.clone());
    follower.caught_up().await;
    let [ended, rotated] = [bench.session().await, bench.session().await];
    let other = sqlx::SqlitePool::connect(&bench.subject.url).await.unwrap();
    let mut lock = other.acquire().await.unwrap();
    lock.execute("begin immediate").await.unwrap();
    let end = bench.store.end(ended.key, EndReason::SignedOut);
    let successor = new_session(&rotated.person);
    let rotate = bench.store.rotate(rotated.key, successor.clone());
    let given_up = timeout(SECOND / 10, async { tokio::join!(end, rotate) });
    assert!(given_up.await.is_err());
    lock.execute("commit").await.unwrap();
    for key in [ended.key, rotated.key] {
        while !follower.heard_end_of(key) {
            sleep(SECOND / 100).await;
        }
    }
    assert!(!bench.is_live(&ended).await);
    assert!(bench.is_live(&successor).await);
}

/// Opens a store in a new file.
async fn store_in(directory: &TempDir) -> (Database, SqliteStore) {
    let file = directory.path().join("made/here/dwell.db");
    let database = Database::hold(file, Connections::default()).await.unwrap();
    database.migrate().await.unwrap();
    let clock = Arc::new(ManualClock::at(dwell::Instant::from_millis(1_000)));
    (database.clone(), SqliteStore::new(database, clock))
}

#[tokio::test]
async fn two_processes_cannot_use_one_file_for_sessions() {
    let directory = TempDir::new().unwrap();
    let (database, _store) = store_in(&directory).await;
    let file = directory.path().join("made/here/dwell.db");
    let hard_link = directory.path().join("hard.db");
    fs::hard_link(&file, &hard_link).unwrap();
    for name in [file.clone(), hard_link.clone()] {
        let second = Database::hold(name, Connections::default()).await;
        assert!(
            matches!(second, Err(DatabaseError::InUse { .. })),
            "{second:?}"
        );
    }
    fs::remove_file(hard_link).unwrap();
    database.close().await;
    drop((database, _store));
    Database::hold(file, Connections::default()).await.unwrap();
}

#[tokio::test]
async fn a_new_file_is_only_for_its_owner_and_existing_creates_none() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = TempDir::new().unwrap();
    let missing_file = DatabaseFile::at(directory.path().join("missing_file.db")).existing();
    let missing = Database::open(missing_file.clone(), Connections::default()).await;
    assert!(matches!(missing, Err(DatabaseError::Missing { .. })));
    assert!(!missing_file.path().exists());

    let _open = store_in(&directory).await;
    for (name, mode) in [
        ("made", 0o700),
        ("made/here", 0o700),
        ("made/here/dwell.db", 0o600),
        ("made/here/dwell.db-wal", 0o600),
        ("made/here/dwell.db-shm", 0o600),
    ] {
        let metadata = fs::metadata(directory.path().join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{name}");
    }
}

// A11
#[tokio::test]
async fn operations_fail_while_the_file_is_removed_or_replaced() {
    for is_replaced in [false, true] {
        let directory = TempDir::new().unwrap();
        let (database, store) = store_in(&directory).await;
        let session = new_session(&"ada".parse().unwrap());
        store.create(session.clone()).await.unwrap();
        assert_eq!(database.is_usable(), Ok(()));
        let file = directory.path().join("made/here/dwell.db");
        let aside = directory.path().join("aside.db");
        fs::rename(&file, &aside).unwrap();
        if is_replaced {
            fs::copy(&aside, &file).unwrap();
        }

        for _ in 0..3 {
            assert!(store.find(session.key).await.is_err());
            assert!(store.end(session.key, EndReason::SignedOut).await.is_err());
            assert!(store.ping().await.is_err());
            assert!(database.look_again().await.is_err());
        }
        assert_eq!(database.is_usable(), Err(Unusable::Lost));
        assert_eq!(file.exists(), is_replaced, "no file may be created");

        fs::rename(&aside, &file).unwrap();
        database.look_again().await.unwrap();
        assert_eq!(database.is_usable(), Ok(()));
        assert!(store.find(session.key).await.unwrap().is_found());
    }
}

#[tokio::test]
async fn sessions_end_even_if_the_disk_is_full() {
    let directory = TempDir::new().unwrap();
    let (database, store) = store_in(&directory).await;
    let store = Arc::new(store);
    let (follower, _following) = Follower::start(store.clone());
    follower.caught_up().await;
    let person = "ada".parse().unwrap();
    let sessions = [(); 4].map(|()| new_session(&person));
    for session in &sessions {
        store.create(session.clone()).await.unwrap();
    }
    let [signed_out, revoked, kept, rotated] = sessions;
    execute(&database, FILL).await;
    assert!(store.set_data(kept.key, &kept.data).await.is_err());
    assert_eq!(database.is_usable(), Err(Unusable::Full));

    assert!(
        store
            .end(signed_out.key, EndReason::SignedOut)
            .await
            .unwrap()
    );
    assert!(
        !store
            .end(signed_out.key, EndReason::SignedOut)
            .await
            .unwrap()
    );
    let mut ended = store
        .end_others(&person, kept.key, EndReason::Revoked)
        .await
        .unwrap();
    ended.sort();
    let mut others = [revoked.key, rotated.key];
    others.sort();
    assert_eq!(ended, others);
    let successor = new_session(&person);
    let replaced = store.rotate(rotated.key, successor).await.unwrap();
    assert_eq!(replaced, None);
    for (key, reason) in [
        (signed_out.key, EndReason::SignedOut),
        (revoked.key, EndReason::Revoked),
        (rotated.key, EndReason::Revoked),
    ] {
        assert!(follower.heard_end_of(key));
        assert_eq!(store.find(key).await.unwrap().end_reason(), Some(reason));
        assert!(store.data(key).await.unwrap().is_none());
        assert!(!store.set_data(key, &kept.data).await.unwrap());
        assert_eq!(store.live_among(&[key]).await.unwrap(), []);
    }
    assert_eq!(store.list(&person).await.unwrap().len(), 1);
    let now = store.now().await.unwrap();
    assert!(store.touch(kept.key, now).await.unwrap().is_found());
    assert!(store.sweep(10).await.is_err());

    execute(&database, MAKE_ROOM).await;
    database.look_again().await.unwrap();
    assert_eq!(database.is_usable(), Ok(()));
    assert!(store.sweep(10).await.unwrap().ended.is_empty());
    let clock = store.clock().unwrap();
    let reopened = SqliteStore::new(database, clock);
    for key in [signed_out.key, revoked.key, rotated.key] {
        let found = reopened.find(key).await.unwrap();
        assert!(found.end_reason().is_some());
    }
    assert!(store.find(kept.key).await.unwrap().is_found());
}

/// The environment variable with the file for the process whose files cannot grow.
const FILE_VARIABLE: &str = "DWELL_TEST_FILE";

/// This test runs itself again in another process, whose files cannot grow.
#[tokio::test]
async fn a_database_can_be_opened_and_read_on_a_full_disk() {
    if let Some(file) = env::var_os(FILE_VARIABLE) {
        return open_on_a_full_disk(Path::new(&file)).await;
    }
    let directory = TempDir::new().unwrap();
    let (database, store) = store_in(&directory).await;
    store
        .create(new_session(&"ada".parse().unwrap()))
        .await
        .unwrap();
    database.close().await;
    drop((database, store));
    // The files cannot grow over 4 KiB. The signal that reports this is ignored, because it would
    // end the process.
    let limited = r#"trap "" XFSZ; exec prlimit --fsize=4096: "$0" "$@""#;
    let ran = Command::new("sh")
        .args(["-c", limited])
        .arg(env::current_exe().unwrap())
        .args([
            "sqlite::a_database_can_be_opened_and_read_on_a_full_disk",
            "--exact",
        ])
        .env(FILE_VARIABLE, directory.path().join("made/here/dwell.db"))
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{output}");
    assert!(output.contains("1 passed"), "{output}");
}

async fn open_on_a_full_disk(file: &Path) {
    let opened = Database::hold(file, Connections::default()).await;
    let database = opened.unwrap();
    assert_eq!(database.is_usable(), Err(Unusable::Full));
    database.migrate().await.unwrap();
    let clock = Arc::new(ManualClock::at(dwell::Instant::from_millis(2_000)));
    let store = SqliteStore::new(database.clone(), clock);
    let person = "ada".parse().unwrap();
    let [listed] = store.list(&person).await.unwrap().try_into().unwrap();
    let key = listed.session.key;
    assert!(store.create(new_session(&person)).await.is_err());
    let now = store.now().await.unwrap();
    assert!(store.touch(key, now).await.unwrap().is_found());
    assert!(store.end(key, EndReason::SignedOut).await.unwrap());
    let reason = store.find(key).await.unwrap().end_reason();
    assert_eq!(reason, Some(EndReason::SignedOut));
    assert!(database.look_again().await.is_err());
    assert_eq!(database.is_usable(), Err(Unusable::Full));
}

/// After these statements, every update needs room that SQLite does not have.
const FILL: &str = "
    create table filler (filler blob);
    create temp trigger fill before update on main.dwell_sessions
        begin insert into filler values (zeroblob(1000000)); end;
    pragma max_page_count = 1";

const MAKE_ROOM: &str = "drop trigger fill; pragma max_page_count = 1000000";

async fn execute(database: &Database, statements: &'static str) {
    let done = database.write::<_, sqlx::Error>(|connection| {
        Box::pin(async move { connection.execute(statements).await })
    });
    done.await.unwrap();
}
