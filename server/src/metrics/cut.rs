//! Why clients are cut off.

/// Why a client was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It was waited for too long.
    Slow,
    /// There were as many connections as there may be, and it had been waited for the longest.
    Full,
}

impl Cut {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::Slow, Self::Full];

    /// The name in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Full => "full",
        }
    }
}
