//! The errors of a store.

use std::time::Duration;

/// The store does not answer, or contains something that it has not written.
#[derive(Debug, thiserror::Error)]
#[error("the session store failed")]
pub struct StoreError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Makes an error with this cause.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::new(error)
    }
}

/// An operation was given up because it took longer than this limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there was no answer within {0:?}")]
pub struct TimedOut(pub Duration);
