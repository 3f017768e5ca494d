//! The properties of the design, by name.

use std::fmt;

use super::moment::Moment;
use crate::Instant;

/// What holds whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// No tab shows content of a session that the server has ended.
    NoGhost,
    /// A tab leaves only when the server has said that the session ended.
    NoEarlyEnd,
    /// The time shown is never more than what is left, and hardly less.
    HonestCountdown,
    /// Activity that was reported in time moves the deadline, and activity is reported in time.
    ActivityPreserves,
    /// After an end, no request with the old cookie is served.
    NoZombie,
    /// The absolute timeout is never passed.
    Bounded,
    /// Nothing that the user did not do moves a deadline.
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

    /// Its name in the design.
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

/// A property that does not hold at an instant of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The property.
    pub property: Property,
    /// The true time.
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
