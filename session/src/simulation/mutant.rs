//! Rules that are broken on purpose, to show that the checks notice it.

use super::properties::Property;

/// A rule that a part of the simulation breaks on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A tab goes on showing content that it should conceal.
    ShowsWhatIsConcealed,
    /// A tab that learns of an end does not tell the other tabs.
    KeepsEndToItself,
    /// A tab treats a failed request as the end of the session.
    TakesFailureForEnd,
    /// A tab never asks the server again after a failed request.
    ForgetsFailures,
    /// A tab counts the remaining time from when the answer came, instead of from when the request
    /// was sent.
    AnchorsToTheAnswer,
    /// A tab ignores the news that the session was extended.
    HearsNoClaims,
    /// The server confirms reports of activity but ignores them.
    DropsReports,
    /// A tab never reports activity.
    NeverReports,
    /// The server defers touches for a whole touch interval, which may be longer than the grace.
    DefersForTooLong,
    /// Maintenance does not write deferred touches.
    WritesNoDeferredTouches,
    /// Maintenance ends sessions at the told deadline, before grace is over.
    SweepsDuringGrace,
    /// The store inserts the session on a touch instead of updating it, which revives an ended
    /// session.
    InsertsOnTouch,
    /// A touch changes the instant of authentication.
    MovesAuthentication,
    /// Asking for the status counts as activity.
    TouchesOnStatus,
    /// A navigation that a page makes by itself counts as activity.
    TouchesOnReload,
    /// A wake-up of the machine counts as activity.
    TakesWakingForActivity,
}

impl Mutant {
    /// The property that this mutant violates.
    pub fn violates(self) -> Property {
        match self {
            Self::ShowsWhatIsConcealed | Self::KeepsEndToItself => Property::NoGhost,
            Self::TakesFailureForEnd | Self::ForgetsFailures => Property::NoEarlyEnd,
            Self::AnchorsToTheAnswer | Self::HearsNoClaims => Property::HonestCountdown,
            Self::DropsReports
            | Self::NeverReports
            | Self::DefersForTooLong
            | Self::WritesNoDeferredTouches
            | Self::SweepsDuringGrace => Property::ActivityPreserves,
            Self::InsertsOnTouch => Property::NoZombie,
            Self::MovesAuthentication => Property::Bounded,
            Self::TouchesOnStatus | Self::TouchesOnReload | Self::TakesWakingForActivity => {
                Property::PassiveStaysPassive
            }
        }
    }
}
