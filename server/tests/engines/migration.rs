//! Tests of the migration from an earlier version, which had sessions and drafts in tables of the
//! application.

use std::borrow::Cow;

use sqlx::{Executor as _, Row as _, migrate::Migrator};

use crate::harness::{connect, directory, open, schema, sqlite_url};

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// The last migration of the earlier version.
const EARLIER_VERSION: i64 = 10;

/// A live session and one that has ended, an open draft and one that was discarded.
const ROWS: &str = "
    insert into accounts (id, email, password_hash, created_at) values (7, 'ada@example.com', 'h', 1);
    insert into sessions (key, account, generation, authenticated_at, last_active_at, address,
        browser, data, ended_at, end_reason)
    values (KEY1, 7, '0000000000000000000000000000000a', 100, 200, '192.0.2.1', 'A', '{}', null, null),
        (KEY2, 7, '0000000000000000000000000000000b', 100, 150, '', '', '{}', 180, 'signed_out');
    insert into drafts (account, id, form, fields, session, is_late, saved_at, used_up_at, expires_at)
    values (7, '0000000000000000000000000000000c', 'note', '[]', 'g', 1, 5, null, 50),
        (7, '0000000000000000000000000000000d', 'note', '[]', 'g', 0, 6, 7, 60);
";

/// Queries for what the migrated tables contain.
const SESSIONS: &str = "select person || ' ' || generation || ' ' || authenticated_at || ' ' \
    || last_active_at || ' ' || address || ' ' || browser || ' ' || coalesce(ended_at, 0) || ' ' \
    || coalesce(end_reason, '-') from dwell_sessions order by generation";
const DRAFTS: &str = "select person || ' ' || id || ' ' || is_late || ' ' || saved_at || ' ' \
    || coalesce(used_up_at, 0) || ' ' || expires_at from dwell_drafts order by id";

async fn migrate_and_compare(url: &str, migrator: &Migrator, keys: [&str; 2]) {
    let before = migrator
        .iter()
        .filter(|migration| migration.version <= EARLIER_VERSION);
    let before = Migrator {
        migrations: Cow::Owned(before.cloned().collect()),
        ..Migrator::DEFAULT
    };
    let mut connection = connect(url).await;
    before.run(&mut connection).await.unwrap();
    let rows = ROWS.replace("KEY1", keys[0]).replace("KEY2", keys[1]);
    for row in rows
        .split_inclusive(';')
        .filter(|row| !row.trim().is_empty())
    {
        let row = sqlx::AssertSqlSafe(row.to_owned());
        connection.execute(row).await.unwrap();
    }

    for _ in 0..2 {
        open(url).await.close().await;
        let mut kept = Vec::new();
        for query in [SESSIONS, DRAFTS] {
            let rows = connection.fetch_all(query).await.unwrap();
            kept.extend(rows.iter().map(|row| row.get::<String, _>(0)));
        }
        assert_eq!(
            kept,
            [
                "7 0000000000000000000000000000000a 100 200 192.0.2.1 A 0 -",
                "7 0000000000000000000000000000000b 100 150   180 signed_out",
                "7 0000000000000000000000000000000c 1 5 0 50",
                "7 0000000000000000000000000000000d 0 6 7 60",
            ]
        );
    }
    assert!(connection.execute("select 1 from sessions").await.is_err());
}

#[tokio::test]
async fn sessions_and_drafts_move_in_sqlite() {
    let directory = directory();
    let url = format!("{}?mode=rwc", sqlite_url(&directory));
    let keys = ["zeroblob(32)", "randomblob(32)"];
    migrate_and_compare(&url, &SQLITE, keys).await;
}

#[tokio::test]
async fn sessions_and_drafts_move_in_postgres() {
    let keys = [
        "decode(repeat('00', 32), 'hex')",
        "decode(repeat('01', 32), 'hex')",
    ];
    migrate_and_compare(&schema().await, &POSTGRES, keys).await;
}
