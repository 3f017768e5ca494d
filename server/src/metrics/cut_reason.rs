//! The reasons for which the server closes connections.

/// Why the server closed the connection of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutReason {
    /// The client was waited for too long.
    Slow,
    /// There were as many connections as allowed, and this client had been waited for the longest.
    Full,
}

impl CutReason {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::Slow, Self::Full];

    /// The name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Full => "full",
        }
    }
}
