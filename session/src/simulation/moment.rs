//! Instants as text.

use std::fmt;

use crate::Instant;

/// An instant of the true time, as hours, minutes, seconds and milliseconds.
pub(super) struct Moment(pub(super) Instant);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let (seconds, millis) = (millis.div_euclid(1_000), millis.rem_euclid(1_000));
        let (minutes, seconds) = (seconds.div_euclid(60), seconds.rem_euclid(60));
        let (hours, minutes) = (minutes.div_euclid(60), minutes.rem_euclid(60));
        write!(f, "{hours:>3}:{minutes:02}:{seconds:02}.{millis:03}")
    }
}
