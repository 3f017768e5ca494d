//! The properties of the design.

use std::fmt;

use super::moment::Moment;
use crate::Instant;

/// A property that holds whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// No tab shows content of a session that the server has ended, apart from the time that a
    /// message between tabs takes.
    NoGhost,
    /// A tab takes the session for ended only if the server has said so.
    NoEarlyEnd,
    /// The countdown never shows more than the time left, and not much less.
    HonestCountdown,
    /// Activity is reported in time, and then it moves the deadline.
    ActivityPreserves,
    /// No request with the cookie of an ended session is served.
    NoZombie,
    /// No session lives longer than the absolute timeout.
    Bounded,
    /// Nothing that the user did not cause moves a deadline.
    PassiveStaysPassive,
}

impl Property {
    /// Every property.
    pub const ALL: [Self; 7] = [
        Self::NoGhost,
        Self::NoEarlyEnd,
        Self::HonestCountdown,
        Self::ActivityPreserves,
        Self::NoZombie,
        Self::Bounded,
        Self::PassiveStaysPassive,
    ];

    /// The name of the property in the design.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoGhost => "no ghost",
            Self::NoEarlyEnd => "no early end",
            Self::HonestCountdown => "honest countdown",
            Self::ActivityPreserves => "activity preserves",
            Self::NoZombie => "no zombie",
            Self::Bounded => "bounded",
            Self::PassiveStaysPassive => "passive stays passive",
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A violation of a property at an instant of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The violated property.
    pub property: Property,
    /// The time of the violation, on the clock of the server.
    pub at: Instant,
    /// What is wrong, and where.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            property,
            at,
            detail,
        } = self;
        let at = Moment(*at).to_string();
        write!(f, "{property}, at {}: {detail}", at.trim_start())
    }
}
