//! The SQL database: SQLite in a file, or PostgreSQL.

mod backup;
mod bounded;

use std::{
    fmt,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::{
    AnyConnection, AnyPool, AssertSqlSafe, Connection as _, Executor as _,
    any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers},
    migrate::{MigrateError, Migrator},
    postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};
use tokio::time::timeout;

pub use self::{
    backup::{BackupError, back_up},
    bounded::{Database, Question, Readable, Statement},
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

/// Connects to the database at `url` and brings its schema up to date. An embedded one is created
/// where there is none.
///
/// # Errors
///
/// The step that failed, with the place concerned.
pub async fn open(url: &DatabaseUrl, connections: Connections) -> Result<AnyPool, DatabaseError> {
    install_default_drivers();
    let place = url.to_string();
    let (options, settings) = match url {
        DatabaseUrl::Sqlite(file) => (file.options()?, sqlite_settings(connections)),
        DatabaseUrl::Postgres(server) => (server.options.clone(), postgres_settings(connections)),
    };
    let unavailable = |source| DatabaseError::Open {
        place: place.clone(),
        source,
    };
    bring_up_to_date(url, &options, &settings, connections.timeout).await?;
    AnyPoolOptions::new()
        .max_connections(connections.most)
        .acquire_timeout(connections.timeout)
        .after_connect(move |connection, _| {
            let settings = settings.clone();
            Box::pin(async move {
                connection.execute(AssertSqlSafe(settings)).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .map_err(unavailable)
}

/// On a connection of its own: a pool tries again until its time is up, and does not say why.
async fn bring_up_to_date(
    url: &DatabaseUrl,
    options: &AnyConnectOptions,
    settings: &str,
    patience: Duration,
) -> Result<(), DatabaseError> {
    let unavailable = |source| DatabaseError::Open {
        place: url.to_string(),
        source,
    };
    let mut connection = match timeout(patience, AnyConnection::connect_with(options)).await {
        Ok(connected) => connected.map_err(unavailable)?,
        Err(_) => {
            return Err(DatabaseError::Silent {
                place: url.to_string(),
                patience,
            });
        }
    };
    let migrator = match url {
        DatabaseUrl::Sqlite(_) => {
            let settings = AssertSqlSafe(settings.to_owned());
            connection.execute(settings).await.map_err(unavailable)?;
            &SQLITE
        }
        // Without the settings: a migration may take longer than a request.
        DatabaseUrl::Postgres(_) => &POSTGRES,
    };
    let place = || url.to_string();
    match migrator.run(&mut connection).await {
        Ok(()) => {}
        Err(MigrateError::VersionMissing(version)) => {
            let place = place();
            return Err(DatabaseError::Newer { place, version });
        }
        Err(source) => {
            let place = place();
            return Err(DatabaseError::Migrate { place, source });
        }
    }
    connection.close().await.map_err(unavailable)
}

fn sqlite_settings(connections: Connections) -> String {
    // Synchronous: an end that the user has been told of survives a power failure.
    format!(
        "pragma busy_timeout = {}; pragma journal_mode = wal; pragma synchronous = full; \
         pragma foreign_keys = on",
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

/// The file of an embedded database.
#[derive(Clone)]
pub struct DatabaseFile {
    path: PathBuf,
    parameters: Option<String>,
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

/// That this process alone keeps sessions in a file, for as long as it lives.
#[derive(Debug)]
pub struct Hold {
    _lock: File,
}

impl DatabaseFile {
    /// Holds the sessions in this file, of which every node would only know its own.
    ///
    /// # Errors
    ///
    /// Another process holds them, or it cannot be found out.
    pub fn hold(&self) -> Result<Hold, DatabaseError> {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let place = || self.path.display().to_string();
        let unavailable = |source| DatabaseError::Hold {
            place: place(),
            source,
        };
        let lock = File::create(path).map_err(unavailable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Hold { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DatabaseError::Held { place: place() }),
            Err(TryLockError::Error(source)) => Err(unavailable(source)),
        }
    }

    /// With the file's absolute path, which reads the same wherever it is read; its directory is
    /// made where there is none.
    fn options(&self) -> Result<AnyConnectOptions, DatabaseError> {
        let directory = match self.path.parent() {
            Some(directory) if directory != Path::new("") => directory,
            _ => Path::new("."),
        };
        let path = std::fs::create_dir_all(directory)
            .and_then(|()| directory.canonicalize())
            .map_err(|source| DatabaseError::Directory {
                directory: directory.to_path_buf(),
                source,
            })?
            .join(self.path.file_name().unwrap_or_default());
        let unavailable = |source| DatabaseError::Open {
            place: self.path.display().to_string(),
            source,
        };
        let mut options: AnyConnectOptions = "sqlite:///".parse().map_err(unavailable)?;
        let url = &mut options.database_url;
        url.set_path(&path.to_string_lossy().replace('%', "%25"));
        url.set_query(self.parameters.as_deref());
        if !url.query_pairs().any(|(name, _)| name == "mode") {
            url.query_pairs_mut().append_pair("mode", "rwc");
        }
        Ok(options)
    }
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
