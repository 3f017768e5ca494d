//! The SQL database: SQLite in a file, or PostgreSQL.

mod backup;
mod bounded;
mod check;
mod file;

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use sqlx::{
    AnyConnection, AnyPool, AssertSqlSafe, Connection as _, Executor as _,
    any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers},
    migrate::{MigrateError, Migrator},
    postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};
use tokio::time::timeout;

pub(crate) use self::bounded::has_no_room;
use self::file::OpenFile;
pub use self::{
    backup::{BackupError, back_up},
    bounded::{Database, Question, Readable, Statement},
    check::{Checked, Finding, check},
    file::{DatabaseFile, Unusable},
};
use crate::connections::Connections;

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// A kind of SQL database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded: one file, one machine.
    Sqlite,
    /// A server that several nodes may share.
    Postgres,
}

/// Opens a pool of connections to the database at `url`, as [`Database::open`] does but without
/// keeping an eye on it.
///
/// # Errors
///
/// The step that failed, with the place concerned.
pub async fn open(url: &DatabaseUrl, connections: Connections) -> Result<AnyPool, DatabaseError> {
    let (way, migrator) = match url {
        DatabaseUrl::Sqlite(file) => {
            let file = file.open_or_make()?;
            (Way::to_file(&file, connections, url)?, &SQLITE)
        }
        DatabaseUrl::Postgres(server) => {
            let way = Way {
                place: url.to_string(),
                options: server.options.clone(),
                settings: postgres_settings(connections),
            };
            (way, &POSTGRES)
        }
    };
    way.bring_up_to_date(migrator, connections.timeout).await?;
    way.pool(connections.most, connections.timeout).await
}

/// How a database is connected to.
#[derive(Clone)]
struct Way {
    place: String,
    options: AnyConnectOptions,
    /// What is said first on each connection.
    settings: String,
}

impl Way {
    fn to_file(
        file: &OpenFile,
        connections: Connections,
        url: &DatabaseUrl,
    ) -> Result<Self, DatabaseError> {
        let place = url.to_string();
        match file.options() {
            Ok(options) => Ok(Self {
                place,
                options,
                settings: sqlite_settings(connections),
            }),
            Err(source) => Err(DatabaseError::Open { place, source }),
        }
    }

    /// Without the file that SQLite shares with other processes, for which a full disk has no room.
    fn keep_to_this_process(&mut self) {
        tracing::warn!(
            file = %self.place,
            "no other dwell command can use the database until this one is restarted"
        );
        let url = &mut self.options.database_url;
        url.query_pairs_mut().append_pair("vfs", "unix-excl");
    }

    async fn pool(&self, most: u32, patience: Duration) -> Result<AnyPool, DatabaseError> {
        let settings = self.settings.clone();
        AnyPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(patience)
            .after_connect(move |connection, _| {
                let settings = settings.clone();
                Box::pin(async move {
                    connection.execute(AssertSqlSafe(settings)).await?;
                    Ok(())
                })
            })
            .connect_with(self.options.clone())
            .await
            .map_err(|source| self.unavailable(source))
    }

    /// On a connection of its own: a pool tries again until its time is up, and does not say why.
    async fn bring_up_to_date(
        &self,
        migrator: &Migrator,
        patience: Duration,
    ) -> Result<(), DatabaseError> {
        let mut connection = self.connect(patience).await?;
        let up_to_date = self.bring_connection_up_to_date(&mut connection, migrator);
        let up_to_date = up_to_date.await;
        // It is waited for where this has failed, too: SQLite connections of one process share what
        // one of them has opened.
        let closed = connection.close().await;
        up_to_date?;
        closed.map_err(|source| self.unavailable(source))
    }

    async fn bring_connection_up_to_date(
        &self,
        connection: &mut AnyConnection,
        migrator: &Migrator,
    ) -> Result<(), DatabaseError> {
        // Without the settings on a server: a migration may take longer than a request.
        if self.options.database_url.scheme() == "sqlite" {
            let settings = AssertSqlSafe(self.settings.clone());
            let set = connection.execute(settings).await;
            set.map_err(|source| self.unavailable(source))?;
        }
        let place = self.place.clone();
        match migrator.run(connection).await {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(version)) => {
                Err(DatabaseError::Newer { place, version })
            }
            Err(source) => Err(DatabaseError::Migrate { place, source }),
        }
    }

    async fn connect(&self, patience: Duration) -> Result<AnyConnection, DatabaseError> {
        install_default_drivers();
        match timeout(patience, AnyConnection::connect_with(&self.options)).await {
            Ok(connected) => connected.map_err(|source| self.unavailable(source)),
            Err(_) => Err(DatabaseError::Silent {
                place: self.place.clone(),
                patience,
            }),
        }
    }

    fn unavailable(&self, source: sqlx::Error) -> DatabaseError {
        DatabaseError::Open {
            place: self.place.clone(),
            source,
        }
    }
}

fn sqlite_settings(connections: Connections) -> String {
    // Synchronous: an end that the user has been told of survives a power failure.
    format!(
        "pragma busy_timeout = {}; pragma journal_mode = wal; pragma synchronous = full; \
         pragma foreign_keys = on; pragma temp_store = memory",
        connections.timeout.as_millis()
    )
}

/// With the statement's timeout here, a wait for somebody's lock ends too.
fn postgres_settings(connections: Connections) -> String {
    format!(
        "set statement_timeout = {}; set default_transaction_isolation = 'read committed'",
        connections.timeout.as_millis()
    )
}

/// Where the database is. It is shown without the password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// In a file.
    Sqlite(DatabaseFile),
    /// On a server.
    Postgres(DatabaseServer),
}

/// A database on a PostgreSQL server.
#[derive(Clone)]
pub struct DatabaseServer {
    options: AnyConnectOptions,
    place: String,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = url.split_once("://").ok_or(InvalidDatabaseUrl)?;
        match scheme {
            "sqlite" => sqlite(url, rest).map(Self::Sqlite),
            "postgres" | "postgresql" => postgres(url).map(Self::Postgres),
            _ => Err(InvalidDatabaseUrl),
        }
    }
}

fn sqlite(url: &str, rest: &str) -> Result<DatabaseFile, InvalidDatabaseUrl> {
    if rest.is_empty() || rest.contains(":memory:") {
        return Err(InvalidDatabaseUrl);
    }
    let options: SqliteConnectOptions = url.parse().map_err(|_| InvalidDatabaseUrl)?;
    let parameters = rest.split_once('?').map(|(_, parameters)| parameters);
    let is_in_memory = |(name, value): (_, _)| name == "mode" && value == "memory";
    if form_urlencoded::parse(parameters.unwrap_or_default().as_bytes()).any(is_in_memory) {
        return Err(InvalidDatabaseUrl);
    }
    Ok(DatabaseFile {
        path: options.get_filename().to_path_buf(),
        parameters: parameters.map(str::to_owned),
    })
}

fn postgres(url: &str) -> Result<DatabaseServer, InvalidDatabaseUrl> {
    let server: PgConnectOptions = url.parse().map_err(|_| InvalidDatabaseUrl)?;
    let place = format!(
        "postgres://{}@{}:{}/{}",
        server.get_username(),
        server.get_host(),
        server.get_port(),
        server.get_database().unwrap_or(server.get_username()),
    );
    let options = url.parse().map_err(|_| InvalidDatabaseUrl)?;
    Ok(DatabaseServer { options, place })
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.path.display().fmt(f),
            Self::Postgres(server) => f.write_str(&server.place),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// A text that is no [`DatabaseUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "allowed is a file such as sqlite://data/dwell.db or sqlite:///var/lib/dwell/dwell.db, \
     or a server such as postgres://USER:PASSWORD@HOST:5432/DATABASE"
)]
pub struct InvalidDatabaseUrl;

/// The database cannot be opened. Each error is one line, without the password.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Its directory cannot be made.
    #[error("cannot create the directory {} for the database", .directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is none.
    #[error("there is no database {place} (DWELL_DATABASE_URL)")]
    Missing {
        /// The file.
        place: String,
    },
    /// Its file cannot be read or made.
    #[error("cannot read the database {place} (DWELL_DATABASE_URL)")]
    Read {
        /// The file.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// Another process keeps its sessions there.
    #[error(
        "another dwell keeps its sessions in {place}: stop it, or let both use PostgreSQL \
         (DWELL_DATABASE_URL) or Redis (DWELL_SESSION_STORE)"
    )]
    Held {
        /// The file.
        place: String,
    },
    /// Whether another process keeps its sessions there cannot be found out.
    #[error("cannot lock {place}")]
    Hold {
        /// The file.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be opened.
    #[error("cannot open the database {place} (DWELL_DATABASE_URL)")]
    Open {
        /// The file or server.
        place: String,
        /// Why.
        source: sqlx::Error,
    },
    /// Nothing answers there.
    #[error("the database {place} (DWELL_DATABASE_URL) has not answered for {patience:?}")]
    Silent {
        /// The server.
        place: String,
        /// How long it was waited for.
        patience: Duration,
    },
    /// A newer Dwell has changed the schema.
    #[error(
        "the database {place} has migration {version}, which this dwell does not know: \
         run the newer one"
    )]
    Newer {
        /// The file or server.
        place: String,
        /// The first migration that is not known.
        version: i64,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of {place} up to date")]
    Migrate {
        /// The file or server.
        place: String,
        /// Why.
        source: MigrateError,
    },
}
