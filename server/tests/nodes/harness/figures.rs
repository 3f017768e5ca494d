//! Statistics of measurements.

use std::{fmt, time::Duration};

/// Measured durations.
#[derive(Debug, Default)]
pub struct Figures(Vec<Duration>);

impl Figures {
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    pub fn max(&self) -> Duration {
        self.percentile(100)
    }

    /// The smallest duration that `percent` of them do not exceed.
    fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted[rank - 1]
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} measured, p50 {:.1?}, p99 {:.1?}, max {:.1?}",
            self.0.len(),
            self.percentile(50),
            self.percentile(99),
            self.max()
        )
    }
}
