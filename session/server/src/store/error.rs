//! How a store fails.

use std::time::Duration;

/// The store does not answer, or answers with something that was never written into it.
#[derive(Debug, thiserror::Error)]
#[error("the session store failed")]
pub struct StoreError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// The failure that `source` is.
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

/// The store has not answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there was no answer within {0:?}")]
pub struct TimedOut(pub Duration);
