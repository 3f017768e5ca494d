//! Whether a database is as it should be.

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

/// What has been found in a database.
#[derive(Debug)]
pub struct Checked {
    /// What was looked at, as a person says it.
    pub looked_at: &'static str,
    /// What is not as it should be.
    pub wrong: Vec<Finding>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// SQLite finds its own file damaged.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// A row refers to nothing.
    #[error("a row of {table} refers to one of {parent} that is not there")]
    Dangling {
        /// Where the row is.
        table: String,
        /// Where it refers to.
        parent: String,
    },
    /// A migration has not been carried out to its end.
    #[error("migration {0} was begun and has failed")]
    Interrupted(i64),
    /// A migration has not been carried out.
    #[error("migration {0} has not been carried out: `dwell serve` does that when it starts")]
    Missing(i64),
    /// A migration is none of this version's.
    #[error("migration {0} is not known to this dwell: run the newer one")]
    Unknown(i64),
    /// What was carried out under the number of a migration is not what this version means by it.
    #[error("migration {0} is not the one that this dwell knows")]
    Different(i64),
    /// The migrations have made something that is not there.
    #[error("the schema lacks the {0}")]
    Lacking(String),
    /// The migrations have made something that is there in another form.
    #[error("the {0} of the schema has been changed")]
    Changed(String),
    /// Somebody has put something into a table that Dwell cannot have written: whoever needs it
    /// cannot be served.
    #[error("{rows} rows of {table} cannot be read: put right or delete them")]
    Unreadable {
        /// Where the rows are.
        table: &'static str,
        /// How many there are.
        rows: i64,
    },
}

/// Looks through the database at `url`, which a server may be using, and changes nothing.
///
/// # Errors
///
/// It cannot be looked at: there is none, or it does not answer.
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
    let wrong = match find_in_file(&mut connection).await {
        Ok(wrong) => wrong,
        Err(sqlx::Error::Database(error)) if is_damage(error.code().as_deref()) => {
            vec![Finding::Damaged(error.message().to_owned())]
        }
        Err(source) => return Err(unopened(source).into()),
    };
    // What is wrong with it may keep it from being closed in order.
    let _ = connection.close().await;
    Ok(Checked {
        looked_at: "the file, what refers to something in it, the schema, and every row",
        wrong,
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
    let mut wrong: Vec<_> = damage.collect();

    let dangling: Vec<(String, String)> =
        sqlx::query_as(r#"select "table", parent from pragma_foreign_key_check"#)
            .fetch_all(&mut *connection)
            .await?;
    wrong.extend(
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
            wrong.extend(find_in_rows(connection).await?);
        }
        wrong.extend(schema);
    }
    wrong.extend(migrations);
    Ok(wrong)
}

/// What the migrations have made and is not there any more as they made it.
async fn find_in_schema(connection: &mut SqliteConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let mut model = SqliteConnection::connect("sqlite::memory:").await?;
    for migrator in [&sqlite::MIGRATOR, &SQLITE] {
        migrator.run(&mut model).await.map_err(into_sqlx)?;
    }
    let mut found = schema(connection).await?;
    let lacking = schema(&mut model).await?.into_iter();
    let wrong = lacking.filter_map(|(name, sql)| match found.remove(&name) {
        None => Some(Finding::Lacking(name)),
        Some(other) => (other != sql).then_some(Finding::Changed(name)),
    });
    Ok(wrong.collect())
}

/// Rows that were not written by Dwell, which reads them all here as it does when it serves: SQLite
/// itself takes any bytes for a text.
async fn find_in_rows(connection: &mut SqliteConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let mut found = Vec::new();
    for table in ["dwell_sessions", "dwell_drafts"] {
        let strangers = AssertSqlSafe(format!(
            "select count(*) from {table} \
             where person not in (select cast(id as text) from accounts)"
        ));
        let (rows,): (i64,) = sqlx::query_as(strangers)
            .fetch_one(&mut *connection)
            .await?;
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

/// The tables with what somebody has written in them.
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
                && is_read_as::<PersonId>(row, 1)
                && is_read_as::<Generation>(row, 2)
                && is_read_as::<EndReason>(row, 3)
                && (4..7).all(|column| is_text(row, column))
        },
    ),
    ("notes", "text", |row| is_text(row, 0)),
    ("dwell_drafts", "person, id, form, fields", |row| {
        is_read_as::<PersonId>(row, 0)
            && is_read_as::<DraftId>(row, 1)
            && is_text(row, 2)
            && is_nothing_or(row, 3, |fields| {
                serde_json::from_str::<Vec<(String, String)>>(fields).is_ok()
            })
    }),
];

/// Of a session, in bytes.
const KEY_LENGTH: usize = 32;

fn is_text(row: &SqliteRow, column: usize) -> bool {
    is_nothing_or(row, column, |_| true)
}

fn is_read_as<T: FromStr>(row: &SqliteRow, column: usize) -> bool {
    is_nothing_or(row, column, |text| text.parse::<T>().is_ok())
}

fn is_nothing_or(row: &SqliteRow, column: usize, is_right: impl Fn(&str) -> bool) -> bool {
    let text = row.try_get::<Option<&str>, _>(column);
    text.is_ok_and(|text| text.is_none_or(is_right))
}

/// Sessions whose generation or reason was not written by Dwell. PostgreSQL sees to it that a text
/// is one.
fn unreadable_sessions() -> String {
    let reasons = EndReason::ALL.map(|reason| format!("'{}'", reason.name()));
    format!(
        "select count(*) from dwell_sessions where length(generation) <> 32 \
         or trim(generation, '0123456789abcdef') <> '' or end_reason not in ({})",
        reasons.join(", ")
    )
}

/// What there is, as it was made, by kind and name.
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

async fn check_server(
    server: &DatabaseServer,
    patience: Duration,
) -> Result<Checked, DatabaseError> {
    let place = || server.place.clone();
    let unopened = |source| postgres::DatabaseError::Open {
        place: place(),
        source,
    };
    let mut connection = match timeout(patience, server.options.connect()).await {
        Ok(connected) => connected.map_err(unopened)?,
        Err(_) => {
            return Err(postgres::DatabaseError::TimedOut {
                place: place(),
                timeout: patience,
            }
            .into());
        }
    };
    let wrong = find_on_server(&mut connection).await.map_err(unopened)?;
    connection.close().await.map_err(unopened)?;
    Ok(Checked {
        looked_at: "the schema and the sessions; PostgreSQL looks after its files itself",
        wrong,
    })
}

async fn find_on_server(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let mut wrong = Vec::new();
    for migrator in [&postgres::MIGRATOR, &POSTGRES] {
        let found = find_in_migrations(connection, migrator).await;
        wrong.extend(found.map_err(into_sqlx)?);
    }
    if wrong.is_empty() {
        let count = sqlx::query_as(AssertSqlSafe(unreadable_sessions()));
        let (rows,) = count.fetch_one(connection).await?;
        let table = "dwell_sessions";
        wrong.extend((rows > 0).then_some(Finding::Unreadable { table, rows }));
    }
    Ok(wrong)
}

async fn find_in_migrations(
    connection: &mut (impl Migrate + Send),
    migrator: &Migrator,
) -> Result<Vec<Finding>, MigrateError> {
    let table = &migrator.table_name;
    let interrupted = connection.dirty_version(table).await?;
    let mut wrong: Vec<_> = interrupted.map(Finding::Interrupted).into_iter().collect();
    let applied = connection.list_applied_migrations(table).await?;
    let mut applied: BTreeMap<_, _> = applied
        .into_iter()
        .map(|migration| (migration.version, migration.checksum))
        .collect();
    for migration in migrator.iter() {
        match applied.remove(&migration.version) {
            None => wrong.push(Finding::Missing(migration.version)),
            Some(checksum) if checksum != migration.checksum => {
                wrong.push(Finding::Different(migration.version));
            }
            Some(_) => {}
        }
    }
    wrong.extend(applied.into_keys().map(Finding::Unknown));
    Ok(wrong)
}

fn into_sqlx(error: MigrateError) -> sqlx::Error {
    match error {
        MigrateError::Execute(error) => error,
        error => sqlx::Error::Migrate(Box::new(error)),
    }
}
