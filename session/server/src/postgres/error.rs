//! How a PostgreSQL database cannot be used.

use std::{error::Error, time::Duration};

/// The database cannot be reached or migrated. Each error is one line, without the password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The server refuses the connection, or cannot be reached.
    #[error("cannot open the database {place}")]
    Open {
        /// The server and the database.
        place: String,
        /// Why.
        source: sqlx::Error,
    },
    /// Nothing answers there.
    #[error("the database {place} has not answered within {timeout:?}")]
    TimedOut {
        /// The server and the database.
        place: String,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// The schema has been changed by a newer version of the program.
    #[error(
        "the database {place} has migration {version}, which this version of the program does not \
         know: run the newer one"
    )]
    Newer {
        /// The server and the database.
        place: String,
        /// The first migration that is not known.
        version: i64,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of {place} up to date")]
    Migrate {
        /// The server and the database.
        place: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}
