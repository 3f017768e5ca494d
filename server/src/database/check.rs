//! Checks whether a database is damaged, or differs from what Dwell has written.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use dwell::{
    Connections, EndReason, Generation, PersonId, drafts::DraftId, postgres, sqlite,
    sqlite::DatabaseFile,
};
use futures::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection,
    migrate::{Migrate, MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use tokio::time::timeout;

use super::{DatabaseError, DatabaseServer, DatabaseUrl, POSTGRES, SQLITE};

/// The result of checking a database.
#[derive(Debug)]
pub struct Checked {
    /// The parts that were checked, as a phrase for the report.
    pub scope: &'static str,
    /// The problems that were found.
    pub findings: Vec<Finding>,
}

/// A problem in a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// SQLite reports that the file is damaged.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// A row refers to a row that does not exist.
    #[error("a row of {table} refers to a row of {parent} that does not exist")]
    Dangling {
        /// The table of the row.
        table: String,
        /// The table that it refers to.
        parent: String,
    },
    /// A migration has begun and has not been completed.
    #[error("migration {0} has begun and has not been completed")]
    Interrupted(i64),
    /// A migration has not been run.
    #[error("migration {0} has not been run: `dwell serve` runs it when it starts")]
    Missing(i64),
    /// A migration that this version does not know has been run.
    #[error("migration {0} is not known to this version of dwell: use a newer version")]
    Unknown(i64),
    /// The migration that was run under this number differs from that of this version.
    #[error("migration {0} differs from that of this version of dwell")]
    Different(i64),
    /// Something that the migrations create is missing.
    #[error("the schema lacks the {0}")]
    Lacking(String),
    /// Something that the migrations create has been changed.
    #[error("the {0} of the schema has been changed")]
    Changed(String),
    /// Rows contain something that Dwell cannot have written. Requests that need them fail.
    #[error("{rows} rows of {table} cannot be read: correct or delete them")]
    Unreadable {
        /// The table of the rows.
        table: &'static str,
        /// How many rows there are.
        rows: i64,
    },
}

/// Checks the database at `url`, which a server may be using, and changes nothing.
///
/// # Errors
///
/// The database does not exist, cannot be opened, or does not answer.
pub async fn check(url: &DatabaseUrl, connections: Connections) -> Result<Checked, DatabaseError> {
    match url {
        DatabaseUrl::Sqlite(file) => check_file(file).await,
        DatabaseUrl::Postgres(server) => check_server(server, connections.timeout).await,
    }
}

async fn check_file(file: &DatabaseFile) -> Result<Checked, DatabaseError> {
    let unopened = |source| sqlite::DatabaseError::Open {
        file: file.path().to_path_buf(),
        source,
    };
    if !file.path().exists() {
        let file = file.path().to_path_buf();
        return Err(sqlite::DatabaseError::Missing { file }.into());
    }
    let options = SqliteConnectOptions::new().filename(file.path());
    let mut connection = options.connect().await.map_err(unopened)?;
    let findings = match find_in_file(&mut connection).await {
        Ok(findings) => findings,
        Err(sqlx::Error::Database(error)) if is_damage(error.code().as_deref()) => {
            vec![Finding::Damaged(error.message().to_owned())]
        }
        Err(source) => return Err(unopened(source).into()),
    };
    // Closing may fail because of the problems that are reported anyway.
    let _ = connection.close().await;
    Ok(Checked {
        scope: "the file, the references between tables, the schema, and every row",
        findings,
    })
}

/// Whether SQLite's error code is `SQLITE_CORRUPT` or `SQLITE_NOTADB`.
fn is_damage(code: Option<&str>) -> bool {
    let code: Option<u32> = code.and_then(|code| code.parse().ok());
    matches!(code.map(|code| code & 0xff), Some(11 | 26))
}

async fn find_in_file(connection: &mut SqliteConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let answers: Vec<(String,)> = sqlx::query_as("pragma integrity_check")
        .fetch_all(&mut *connection)
        .await?;
    let damage = answers.into_iter().map(|(answer,)| answer);
    let damage = damage.filter(|answer| answer != "ok").map(Finding::Damaged);
    let mut findings: Vec<_> = damage.collect();

    let dangling: Vec<(String, String)> =
        sqlx::query_as(r#"select "table", parent from pragma_foreign_key_check"#)
            .fetch_all(&mut *connection)
            .await?;
    findings.extend(
        dangling
            .into_iter()
            .map(|(table, parent)| Finding::Dangling { table, parent }),
    );

    let mut migrations = Vec::new();
    for migrator in [&sqlite::MIGRATOR, &SQLITE] {
        let found = find_in_migrations(connection, migrator).await;
        migrations.extend(found.map_err(into_sqlx)?);
    }
    if migrations.is_empty() {
        let schema = find_in_schema(connection).await?;
        if schema.is_empty() {
            findings.extend(find_in_rows(connection).await?);
        }
        findings.extend(schema);
    }
    findings.extend(migrations);
    Ok(findings)
}

/// What the migrations create and is missing or has been changed.
async fn find_in_schema(connection: &mut SqliteConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let mut model = SqliteConnection::connect("sqlite::memory:").await?;
    for migrator in [&sqlite::MIGRATOR, &SQLITE] {
        migrator.run(&mut model).await.map_err(into_sqlx)?;
    }
    let mut found = schema(connection).await?;
    let lacking = schema(&mut model).await?.into_iter();
    let findings = lacking.filter_map(|(name, sql)| match found.remove(&name) {
        None => Some(Finding::Lacking(name)),
        Some(other) => (other != sql).then_some(Finding::Changed(name)),
    });
    Ok(findings.collect())
}

/// Rows that Dwell cannot have written. Every row is read in the same way as by the server, because
/// SQLite itself accepts any bytes as text.
async fn find_in_rows(connection: &mut SqliteConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let mut found = Vec::new();
    for table in ["dwell_sessions", "dwell_drafts"] {
        let orphans = AssertSqlSafe(format!(
            "select count(*) from {table} \
             where person not in (select cast(id as text) from accounts)"
        ));
        let (rows,): (i64,) = sqlx::query_as(orphans).fetch_one(&mut *connection).await?;
        found.extend((rows > 0).then(|| Finding::Dangling {
            table: table.to_owned(),
            parent: "accounts".to_owned(),
        }));
    }
    for (table, columns, is_readable) in TABLES {
        let select = AssertSqlSafe(format!("select {columns} from {table}"));
        let mut unreadable = 0;
        let mut rows = sqlx::query(select).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            unreadable += i64::from(!is_readable(&row));
        }
        if unreadable > 0 {
            let rows = unreadable;
            found.push(Finding::Unreadable { table, rows });
        }
    }
    Ok(found)
}

type IsReadable = fn(&SqliteRow) -> bool;

/// Each table whose rows are checked: its name, the columns to read, and whether a row of these can
/// be read.
const TABLES: [(&str, &str, IsReadable); 4] = [
    ("accounts", "email, password_hash", |row| {
        is_text(row, 0) && is_text(row, 1)
    }),
    (
        "dwell_sessions",
        "key, person, generation, end_reason, address, browser, data",
        |row| {
            row.try_get::<&[u8], _>(0)
                .is_ok_and(|key| key.len() == KEY_LENGTH)
                && parses_as::<PersonId>(row, 1)
                && parses_as::<Generation>(row, 2)
                && parses_as::<EndReason>(row, 3)
                && (4..7).all(|column| is_text(row, column))
        },
    ),
    ("notes", "text", |row| is_text(row, 0)),
    ("dwell_drafts", "person, id, form, fields", |row| {
        parses_as::<PersonId>(row, 0)
            && parses_as::<DraftId>(row, 1)
            && is_text(row, 2)
            && is_null_or(row, 3, |fields| {
                serde_json::from_str::<Vec<(String, String)>>(fields).is_ok()
            })
    }),
];

/// The length of the key of a session, in bytes.
const KEY_LENGTH: usize = 32;

fn is_text(row: &SqliteRow, column: usize) -> bool {
    is_null_or(row, column, |_| true)
}

fn parses_as<T: FromStr>(row: &SqliteRow, column: usize) -> bool {
    is_null_or(row, column, |text| text.parse::<T>().is_ok())
}

fn is_null_or(row: &SqliteRow, column: usize, is_valid: impl Fn(&str) -> bool) -> bool {
    let text = row.try_get::<Option<&str>, _>(column);
    text.is_ok_and(|text| text.is_none_or(is_valid))
}

/// A query that counts the sessions whose generation or end reason Dwell cannot have written.
/// PostgreSQL itself ensures that a text is valid.
fn unreadable_sessions() -> String {
    let reasons = EndReason::ALL.map(|reason| format!("'{}'", reason.name()));
    format!(
        "select count(*) from dwell_sessions where length(generation) <> 32 \
         or trim(generation, '0123456789abcdef') <> '' or end_reason not in ({})",
        reasons.join(", ")
    )
}

/// The statements that created everything in the database, by kind and name.
async fn schema(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        r"select type || ' ' || name, sql from sqlite_schema
          where sql is not null and name not like 'sqlite\_%' escape '\'",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

async fn check_server(server: &DatabaseServer, limit: Duration) -> Result<Checked, DatabaseError> {
    let place = || server.place.clone();
    let unopened = |source| postgres::DatabaseError::Open {
        place: place(),
        source,
    };
    let mut connection = match timeout(limit, server.options.connect()).await {
        Ok(connected) => connected.map_err(unopened)?,
        Err(_) => {
            return Err(postgres::DatabaseError::TimedOut {
                place: place(),
                timeout: limit,
            }
            .into());
        }
    };
    let findings = find_on_server(&mut connection).await.map_err(unopened)?;
    connection.close().await.map_err(unopened)?;
    Ok(Checked {
        scope: "the schema and the sessions; PostgreSQL checks its files itself",
        findings,
    })
}

async fn find_on_server(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = Vec::new();
    for migrator in [&postgres::MIGRATOR, &POSTGRES] {
        let found = find_in_migrations(connection, migrator).await;
        findings.extend(found.map_err(into_sqlx)?);
    }
    if findings.is_empty() {
        let count = sqlx::query_as(AssertSqlSafe(unreadable_sessions()));
        let (rows,) = count.fetch_one(connection).await?;
        let table = "dwell_sessions";
        findings.extend((rows > 0).then_some(Finding::Unreadable { table, rows }));
    }
    Ok(findings)
}

async fn find_in_migrations(
    connection: &mut (impl Migrate + Send),
    migrator: &Migrator,
) -> Result<Vec<Finding>, MigrateError> {
    let table = &migrator.table_name;
    let interrupted = connection.dirty_version(table).await?;
    let mut findings: Vec<_> = interrupted.map(Finding::Interrupted).into_iter().collect();
    let applied = connection.list_applied_migrations(table).await?;
    let mut applied: BTreeMap<_, _> = applied
        .into_iter()
        .map(|migration| (migration.version, migration.checksum))
        .collect();
    for migration in migrator.iter() {
        match applied.remove(&migration.version) {
            None => findings.push(Finding::Missing(migration.version)),
            Some(checksum) if checksum != migration.checksum => {
                findings.push(Finding::Different(migration.version));
            }
            Some(_) => {}
        }
    }
    findings.extend(applied.into_keys().map(Finding::Unknown));
    Ok(findings)
}

fn into_sqlx(error: MigrateError) -> sqlx::Error {
    match error {
        MigrateError::Execute(error) => error,
        error => sqlx::Error::Migrate(Box::new(error)),
    }
}
