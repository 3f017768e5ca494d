//! How the server keeps up its connections to where things are kept.

use std::time::Duration;

/// The bounds on connections to the database, and on those to the session store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// How many there are at most.
    pub most: u32,
    /// How long an answer is waited for before the request is denied.
    pub timeout: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            most: 8,
            timeout: Duration::from_secs(5),
        }
    }
}

/// Nothing was answered in time.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("there was no answer for {0:?}")]
pub struct Silent(pub Duration);
