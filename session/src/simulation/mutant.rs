//! Rules broken on purpose, to show that each is watched over.

use super::properties::Property;

/// A rule that one part of the simulated world breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A tab goes on showing what it was told to conceal.
    ShowsWhatIsConcealed,
    /// A tab that learns of an end does not tell the others.
    KeepsEndToItself,
    /// A tab takes a request that failed for the news that the session has ended.
    TakesFailureForEnd,
    /// After a request that failed, a tab never asks again.
    ForgetsFailures,
    /// A tab anchors what it is told to when the answer came.
    AnchorsToTheAnswer,
    /// A tab passes over the news that the session goes on for longer.
    HearsNoClaims,
    /// The server confirms reports of activity and does not heed them.
    DropsReports,
    /// A tab never reports.
    NeverReports,
    /// The server defers touches for a touch interval.
    DefersForTooLong,
    /// Maintenance writes no touch that was deferred.
    WritesNoDeferredTouches,
    /// Maintenance sweeps sessions when the told deadline has passed, before grace is over.
    SweepsDuringGrace,
    /// The store inserts where it means to update, so a touch brings an ended session back.
    InsertsOnTouch,
    /// A touch moves the instant of authentication.
    MovesAuthentication,
    /// Asking for the status counts as activity.
    TouchesOnStatus,
    /// A navigation that a page makes by itself counts as activity.
    TouchesOnReload,
    /// A wake-up counts as activity.
    TakesWakingForActivity,
}

impl Mutant {
    /// The property that it violates.
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
