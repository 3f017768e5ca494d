//! The limits on the connections to a database or to Redis.

use std::time::Duration;

/// The limits on the connections to a database or to Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// The largest number of connections. The default is 8.
    pub limit: u32,
    /// How long to wait for a connection and for an answer. The default is 5 seconds.
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
