//! The plan of a simulation, which follows from the seed.

use std::{fmt, time::Duration};

use super::{clock::ClockPlan, moment::Moment, network::NetworkQuality};
use crate::{Instant, Policy};

/// The true time at which every plan begins.
pub(super) fn start() -> Instant {
    Instant::from_millis(0)
}

/// Everything that determines a history.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) policy: Policy,
    pub(super) network: NetworkQuality,
    pub(super) machines: Vec<MachinePlan>,
    pub(super) steps: Vec<Step>,
    pub(super) ends_at: Instant,
}

/// One machine with one browser.
#[derive(Debug, Clone)]
pub(super) struct MachinePlan {
    /// The person who uses it at first.
    pub(super) person: Person,
    /// The number of tabs that may be open.
    pub(super) tabs: usize,
    /// The number of windows. One tab of each window is visible.
    pub(super) windows: usize,
    pub(super) clock: ClockPlan,
    /// Whether the browser has Web Locks. Without them, every tab is a leader.
    pub(super) has_locks: bool,
    /// Whether the tabs can exchange messages.
    pub(super) has_channel: bool,
    /// Whether pages receive an event after a wake-up, for example because the network is back.
    pub(super) tells_of_wake_up: bool,
}

/// A person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Person {
    Ada,
    Ben,
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ada => f.write_str("Ada"),
            Self::Ben => f.write_str("Ben"),
        }
    }
}

/// A tab of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) machine: usize,
    pub(super) tab: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "machine {}, tab {}", self.machine + 1, self.tab + 1)
    }
}

/// One step of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Identifies the step, even after other steps have been removed from the plan.
    pub(super) number: u64,
    pub(super) at: Instant,
    /// How long the step lasts, if it is one that lasts.
    pub(super) lasts: Duration,
    pub(super) kind: StepKind,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum StepKind {
    /// A user does something in a tab.
    User(Place, UserAction),
    /// A browser does something with a tab.
    Browser(Place, BrowserAction),
    /// Something happens to a machine.
    Machine(usize, MachineEvent),
    /// Something fails for all machines.
    Fault(Fault),
}

/// What a user does in a tab.
#[derive(Debug, Clone, Copy)]
pub(super) enum UserAction {
    /// Works for a while: is active about once per `every`, signs in when necessary, and presses
    /// "Stay signed in" if `stays_signed_in` is set.
    Work {
        every: Duration,
        stays_signed_in: bool,
    },
    /// Follows a link to another page of the application.
    Navigate,
    /// Sends a form.
    Submit,
    /// Signs in as this person, even if somebody is signed in.
    SignIn(Person),
    SignOut,
    /// Ends the person's other sessions.
    RevokeOthers,
    /// Hides all tabs of this browser for a while.
    LookAway,
    Close,
}

/// What a browser does with a tab, or a page by itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum BrowserAction {
    /// The page sends a request that the user did not cause.
    Poll,
    /// The page navigates by itself.
    Reload,
    /// A hidden tab is frozen.
    Freeze,
    /// The page is replaced by another and put into the back/forward cache.
    PutAway,
    /// A hidden tab is discarded from memory, and loaded again when it is shown.
    Discard,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum MachineEvent {
    Suspend,
    Offline,
    StepClock { by_ms: i64 },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// The network is worse than usual.
    Storm(NetworkQuality),
    /// The server is down for a while. In a crash, it loses what it has not written.
    Restart { crash: bool },
    /// The server is up, but its store does not work.
    StoreFails,
}

impl Step {
    /// Whether the duration of the step matters.
    pub(super) fn has_duration(&self) -> bool {
        match self.kind {
            StepKind::User(_, UserAction::Work { .. } | UserAction::LookAway)
            | StepKind::Browser(_, BrowserAction::Freeze | BrowserAction::PutAway)
            | StepKind::Machine(_, MachineEvent::Suspend | MachineEvent::Offline)
            | StepKind::Fault(_) => true,
            StepKind::User(..)
            | StepKind::Browser(..)
            | StepKind::Machine(_, MachineEvent::StepClock { .. }) => false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", Moment(self.at), self.kind)?;
        if self.has_duration() {
            write!(f, ", for {:?}", self.lasts)?;
        }
        Ok(())
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(place, action) => write!(f, "{place}: {action:?}"),
            Self::Browser(place, action) => write!(f, "{place}: {action:?}"),
            Self::Machine(machine, event) => {
                write!(f, "machine {}: {event:?}", machine + 1)
            }
            Self::Fault(fault) => write!(f, "server: {fault:?}"),
        }
    }
}
