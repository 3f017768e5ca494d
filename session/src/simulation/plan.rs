//! What is going to happen to a world, all of it made from the seed.

use std::{fmt, time::Duration};

use super::{clock::ClockPlan, moment::Moment, network::Weather};
use crate::{Instant, Policy};

/// The true time at which every plan begins.
pub(super) fn start() -> Instant {
    Instant::from_millis(0)
}

/// Everything that a history depends on.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) policy: Policy,
    pub(super) weather: Weather,
    pub(super) machines: Vec<MachinePlan>,
    pub(super) steps: Vec<Step>,
    pub(super) ends_at: Instant,
}

/// One machine with one browser.
#[derive(Debug, Clone)]
pub(super) struct MachinePlan {
    /// Who sits at it at first.
    pub(super) person: Person,
    /// How many tabs may be open.
    pub(super) tabs: usize,
    /// How many windows they are in: one tab of each can be seen.
    pub(super) windows: usize,
    pub(super) clock: ClockPlan,
    /// Whether the browser has Web Locks. Without them, every tab leads.
    pub(super) has_locks: bool,
    /// Whether the tabs hear each other.
    pub(super) has_channel: bool,
    /// Whether pages are told of a wake-up, as by the network that comes back.
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

/// One thing that is going to happen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Names the step, also in a plan that has lost others.
    pub(super) number: u64,
    pub(super) at: Instant,
    /// How long it goes on, for what does.
    pub(super) lasts: Duration,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// A user does something in a tab.
    Deed(Place, Deed),
    /// A browser does something with a tab.
    Whim(Place, Whim),
    /// A machine has an accident.
    Accident(usize, Accident),
    /// Something is wrong for everybody.
    Trouble(Trouble),
}

/// What a user does in a tab.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    /// Works for a while: acts about `every` so often, signs in where that is needed, and clicks
    /// "Stay signed in" if the user heeds the countdown.
    Work {
        every: Duration,
        heeds: bool,
    },
    /// Follows a link to another page of the application.
    Navigate,
    /// Sends a form.
    Submit,
    /// Signs in as somebody, whoever is signed in.
    SignIn(Person),
    SignOut,
    /// Signs the person out everywhere else.
    RevokeOthers,
    /// Looks at nothing of this browser for a while.
    LookAway,
    Close,
}

/// What a browser does with a tab, or a page by itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whim {
    /// The page asks the server for something that the user did not cause.
    Poll,
    /// The page navigates by itself.
    Reload,
    /// A hidden tab is frozen.
    Freeze,
    /// Another page takes the place of this one, which waits in the back/forward cache.
    PutAway,
    /// A hidden tab is thrown out of memory, to be loaded anew when it is looked at.
    Discard,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Accident {
    Suspend,
    Offline,
    StepClock { by_ms: i64 },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    /// The network is worse than usual.
    Storm(Weather),
    /// The server is down; in a crash, what it had not written is lost.
    Restart { crash: bool },
    /// The server answers, its store does not.
    StoreFails,
}

impl Step {
    /// Whether it matters how long it lasts.
    pub(super) fn goes_on(&self) -> bool {
        match self.what {
            What::Deed(_, Deed::Work { .. } | Deed::LookAway)
            | What::Whim(_, Whim::Freeze | Whim::PutAway)
            | What::Accident(_, Accident::Suspend | Accident::Offline)
            | What::Trouble(_) => true,
            What::Deed(..) | What::Whim(..) | What::Accident(_, Accident::StepClock { .. }) => {
                false
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", Moment(self.at), self.what)?;
        if self.goes_on() {
            write!(f, ", for {:?}", self.lasts)?;
        }
        Ok(())
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deed(place, deed) => write!(f, "{place}: {deed:?}"),
            Self::Whim(place, whim) => write!(f, "{place}: {whim:?}"),
            Self::Accident(machine, accident) => {
                write!(f, "machine {}: {accident:?}", machine + 1)
            }
            Self::Trouble(trouble) => write!(f, "server: {trouble:?}"),
        }
    }
}
