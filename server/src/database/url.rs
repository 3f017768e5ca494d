//! The address of the database.

use std::{fmt, str::FromStr};

use dwell::sqlite::DatabaseFile;
use sqlx::postgres::PgConnectOptions;

/// The address of the database. It is displayed without the password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(DatabaseFile),
    /// A server.
    Postgres(DatabaseServer),
}

/// A database on a PostgreSQL server.
#[derive(Clone)]
pub struct DatabaseServer {
    pub(super) options: PgConnectOptions,
    pub(super) place: String,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (scheme, _) = url.split_once("://").ok_or(InvalidDatabaseUrl)?;
        match scheme {
            "sqlite" => url
                .parse()
                .map(Self::Sqlite)
                .map_err(|_| InvalidDatabaseUrl),
            "postgres" | "postgresql" => server(url).map(Self::Postgres),
            _ => Err(InvalidDatabaseUrl),
        }
    }
}

fn server(url: &str) -> Result<DatabaseServer, InvalidDatabaseUrl> {
    let options: PgConnectOptions = url.parse().map_err(|_| InvalidDatabaseUrl)?;
    let place = format!(
        "postgres://{}@{}:{}/{}",
        options.get_username(),
        options.get_host(),
        options.get_port(),
        options.get_database().unwrap_or(options.get_username()),
    );
    Ok(DatabaseServer { options, place })
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.path().display().fmt(f),
            Self::Postgres(server) => f.write_str(&server.place),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// The text is not the address of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "allowed is a file such as sqlite://data/dwell.db or sqlite:///var/lib/dwell/dwell.db, \
     or a server such as postgres://USER:PASSWORD@HOST:5432/DATABASE"
)]
pub struct InvalidDatabaseUrl;
