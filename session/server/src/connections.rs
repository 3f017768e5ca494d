//! How many connections are kept, and how long an answer is waited for.

use std::time::Duration;

/// The limits on the connections to a database or to Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// The greatest number of connections. 8 by default.
    pub limit: u32,
    /// How long an answer is waited for. 5 seconds by default.
    pub timeout: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            limit: 8,
            timeout: Duration::from_secs(5),
        }
    }
}
