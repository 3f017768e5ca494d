//! Counts what has happened in histories, so that tests can require that everything happens often
//! enough.

use std::time::Duration;

macro_rules! happenings {
    ($($(#[$doc:meta])* $name:ident => $label:literal,)+) => {
        /// A kind of thing that happens in a history.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Happening {
            $(#[doc = concat!("Counts: ", $label, ".")] $name,)+
        }

        impl Happening {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The label of the count, for people.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)+
                }
            }
        }
    };
}

happenings! {
    SignIn => "sign-ins",
    SignInInPlace => "sign-ins over an ended page",
    Reauthentication => "re-authentications",
    PersonSwitch => "switches to another person",
    EndByIdleTimeout => "ends by idle timeout",
    EndByAbsoluteTimeout => "ends by absolute timeout",
    EndBySignOut => "ends by sign-out",
    EndByRevocation => "ends by revocation",
    EndByReplacement => "ends by replacement",
    Activity => "activities of users",
    Navigation => "navigations of users",
    Form => "forms sent",
    PassiveRequest => "passive requests of pages",
    Countdown => "countdowns shown",
    Stay => "clicks on Stay signed in",
    Conceal => "pages concealed",
    Unreachable => "pages told that the server is unreachable",
    Reveal => "pages revealed again",
    EndSeen => "pages that learnt of an end",
    Leave => "pages left for the sign-in page",
    Adoption => "pages that took over a new generation",
    PageStart => "pages started",
    KeepAlive => "keep-alives",
    Status => "requests for the status",
    Refusal => "requests refused with 409",
    Unavailable => "requests answered with 503",
    LostRequest => "requests lost on the way",
    LostAnswer => "answers lost on the way",
    Copy => "requests that arrived twice",
    LateAnswer => "answers that came too late",
    RequestTimeout => "requests that timed out",
    Message => "messages between tabs",
    Lead => "tabs that became the leader",
    Suspend => "suspends of machines",
    GapNoticed => "gaps in time that pages noticed",
    ClockStep => "steps of wall clocks",
    Offline => "machines that went offline",
    Hidden => "tabs hidden",
    Freeze => "tabs frozen",
    PutAway => "tabs put into the back/forward cache",
    Discard => "tabs discarded",
    Close => "tabs closed",
    Storm => "periods of a bad network",
    Crash => "crashes of the server",
    Restart => "orderly restarts of the server",
    TouchLost => "confirmed touches lost, in a crash or with the store",
    StoreFailure => "failures of the store",
}

/// The counts of one history or of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    counts: [u64; Happening::ALL.len()],
    /// The number of histories.
    pub histories: u64,
    /// The number of simulated events.
    pub events: u64,
    /// The total time for which tabs were open on a page of a session.
    pub tab_time: Duration,
    /// The part of that time in which a user could see the tab, because it was not hidden and the
    /// machine was awake.
    pub watched_time: Duration,
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            counts: [0; Happening::ALL.len()],
            histories: 0,
            events: 0,
            tab_time: Duration::ZERO,
            watched_time: Duration::ZERO,
        }
    }
}

impl Coverage {
    /// The number of times that this happened.
    pub fn count(&self, happening: Happening) -> u64 {
        self.counts[happening as usize]
    }

    /// All kinds of events with their counts.
    pub fn counts(&self) -> impl Iterator<Item = (Happening, u64)> {
        Happening::ALL
            .iter()
            .map(|happening| (*happening, self.count(*happening)))
    }

    /// The total time in hours for which tabs were open on a page of a session.
    pub fn tab_hours(&self) -> f64 {
        self.tab_time.as_secs_f64() / 3_600.0
    }

    /// The part of these hours in which a user could see the tab.
    pub fn watched_hours(&self) -> f64 {
        self.watched_time.as_secs_f64() / 3_600.0
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.histories += other.histories;
        self.events += other.events;
        self.tab_time += other.tab_time;
        self.watched_time += other.watched_time;
    }

    pub(super) fn note(&mut self, happening: Happening) {
        self.counts[happening as usize] += 1;
    }
}
