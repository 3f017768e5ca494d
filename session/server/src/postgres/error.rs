//! The errors of a PostgreSQL database.

use std::{error::Error, time::Duration};

/// The database cannot be opened or migrated. The message of each error is one line and does not
/// contain the password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The server cannot be reached or refuses the connection.
    #[error("cannot open the database {place}")]
    Open {
        /// The user, the server and the database, without the password.
        place: String,
        /// The cause.
        source: sqlx::Error,
    },
    /// The server does not answer in time.
    #[error("the database {place} has not answered within {timeout:?}")]
    TimedOut {
        /// The user, the server and the database, without the password.
        place: String,
        /// How long it was given to answer.
        timeout: Duration,
    },
    /// The schema has been changed by a newer version of the program.
    #[error(
        "the database {place} has migration {version}, which this version of the program does not \
         know: run the newer one"
    )]
    Newer {
        /// The user, the server and the database, without the password.
        place: String,
        /// The number of the first migration that is unknown.
        version: i64,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of {place} up to date")]
    Migrate {
        /// The user, the server and the database, without the password.
        place: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}
