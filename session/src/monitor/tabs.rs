//! One session in many tabs.
//!
//! One tab leads: the others tell it of activity, and it reports. A tab that hears nothing of a
//! report in time reports itself, so none depends on another.

use std::time::Duration;

use super::{Action, Extension, Message, Monitor, News, State};
use crate::{EndReason, Instant};

/// How long a tab that has told of activity waits for the leading tab's report.
const PATIENCE: Duration = Duration::from_secs(1);

/// A told deadline that is later by less is the same one, told on another round trip.
pub(super) const SAME_DEADLINE: Duration = Duration::from_millis(100);

/// Activity that is later by less than this is the same, for now: at the last call before the
/// warning it is reported all the same.
const SAME_ACTIVITY: Duration = Duration::from_millis(100);

/// What a tab knows of the others.
#[derive(Debug, Default)]
pub(super) struct Tabs {
    /// Whether this is the tab that reports.
    leads: bool,
    /// When the others were told of activity that has not been reported since.
    pub(super) told_at: Option<Instant>,
    /// Whether another tab has told of the end, so that all know.
    pub(super) told_of_end: bool,
    /// Whether a tab in another session has been heard, which is to know of this one.
    pub(super) heard_of_another: bool,
    /// What another tab says that the server said.
    pub(super) claim: Option<Claim>,
}

/// To be believed as far as an answer of the server bears it out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    heard_at: Instant,
    idle_at: Instant,
    reported: Option<Instant>,
}

impl Claim {
    /// What both say together, in whatever order they came.
    fn and(self, other: Self) -> Self {
        Self {
            heard_at: self.heard_at.max(other.heard_at),
            idle_at: self.idle_at.max(other.idle_at),
            reported: self.reported.max(other.reported),
        }
    }
}

impl Tabs {
    /// When this tab is to report the activity at `unreported`, if no last call comes before.
    pub(super) fn report_at(&self, unreported: Instant, regular: Instant) -> Option<Instant> {
        if self.is_covered(unreported) {
            None
        } else if self.leads {
            Some(regular)
        } else {
            Some(self.told_at.unwrap_or(regular) + PATIENCE)
        }
    }

    /// A question that was sent at `asked_at` has been answered: what was heard before that is
    /// settled.
    pub(super) fn forget_claim_from_before(&mut self, asked_at: Instant) {
        self.claim.take_if(|claim| claim.heard_at <= asked_at);
    }

    /// Whether another tab says that activity as late as this was reported.
    fn is_covered(&self, unreported: Instant) -> bool {
        let reported = self.claim.and_then(|claim| claim.reported);
        reported.is_some_and(|reported| unreported <= reported + SAME_ACTIVITY)
    }
}

impl Monitor {
    /// This tab has begun, or ceased, to be the one that reports. A tab begins as one that does not.
    pub fn handle_lead(&mut self, leads: bool, now: Instant) {
        self.tabs.leads = leads;
        self.advance(now);
    }

    /// Another tab told something, `age` ago.
    pub fn handle_message(&mut self, message: &Message, age: Duration, now: Instant) {
        self.advance(now);
        let sent_at = now - age;
        if message.generation != self.expectation.generation() {
            // The end of another session is news to a page that may be about to go on in it.
            let tells_of_life = !matches!(message.news, News::Ended | News::InDoubt);
            if tells_of_life || self.is_concealed() {
                self.tabs.heard_of_another = true;
                self.doubt(now);
            }
            return;
        }
        match message.news {
            News::Active { idle_for } => self.hear_of_activity(sent_at - idle_for, now),
            News::Alive {
                idle_left,
                active_for,
            } => {
                self.hear_of_life(
                    Claim {
                        heard_at: now,
                        idle_at: sent_at + idle_left,
                        reported: active_for.map(|active_for| sent_at - active_for),
                    },
                    now,
                );
                if active_for.is_some() {
                    self.last_report_at = self.last_report_at.max(sent_at);
                    self.tabs.told_at = None;
                }
            }
            News::Ended => {
                self.tabs.told_of_end = true;
                self.doubt(now);
            }
            News::InDoubt => {
                if !self.is_concealed() {
                    self.doubt(now);
                }
            }
        }
    }

    /// Whether another tab says that the session goes on for longer than this tab was told.
    pub(super) fn claims_more(&self) -> bool {
        self.tabs
            .claim
            .is_some_and(|claim| self.expectation.would_extend(claim.idle_at - SAME_DEADLINE))
    }

    /// Whether the countdown gives way until the server has said what is true of the claim. Where
    /// the user has chosen to stay, it stays until that is answered.
    pub(super) fn sets_countdown_aside(&self) -> bool {
        self.claims_more() && self.extension == Extension::NotAsked
    }

    /// When to tell the others of activity: when it would be reported, if this tab were to. Then the
    /// tab that leads reports on hearing of it, and waits for no timer, which may be throttled.
    pub(super) fn tell_at(&self) -> Option<Instant> {
        let unreported = self.unreported?;
        let is_told = self.tabs.told_at.is_some() || self.tabs.is_covered(unreported);
        if self.tabs.leads || is_told || self.in_flight.is_some() || self.ask_at.is_some() {
            return None;
        }
        Some(self.regular_report_at().max(unreported))
    }

    pub(super) fn tell_activity(&mut self, now: Instant) {
        let Some(active_at) = self.unreported else {
            return;
        };
        self.tabs.told_at = Some(now);
        let idle_for = now.since(active_at);
        self.tell(News::Active { idle_for });
    }

    /// Tells that the server has said that the session lives, and of which activity it was told.
    pub(super) fn tell_alive(&mut self, reported: Option<Instant>, now: Instant) {
        self.tell(News::Alive {
            idle_left: self.expectation.idle_at().since(now),
            active_for: reported.map(|reported| now.since(reported)),
        });
    }

    pub(super) fn tell_end(&mut self, reason: Option<EndReason>) {
        match reason {
            None => self.tell(News::InDoubt),
            Some(_) if self.tabs.told_of_end => {}
            Some(_) => self.tell(News::Ended),
        }
    }

    pub(super) fn tell(&mut self, news: News) {
        let generation = self.expectation.generation();
        self.actions
            .push_back(Action::Tell(Message { generation, news }));
    }

    /// Activity in another tab is reported by this one if it leads.
    fn hear_of_activity(&mut self, active_at: Instant, now: Instant) {
        if self.tabs.leads && self.state == State::Active {
            self.unreported = self.unreported.max(Some(active_at));
            self.advance(now);
        }
    }

    /// A claim that the session goes on for longer leads to a question: at once where a countdown
    /// runs or the page is concealed, else in time before the countdown.
    fn hear_of_life(&mut self, claim: Claim, now: Instant) {
        self.tabs.claim = Some(match self.tabs.claim {
            Some(before) => before.and(claim),
            None => claim,
        });
        if !self.claims_more() {
            return;
        }
        match self.state {
            State::Active => self.advance(now),
            State::Warning => {
                if self.in_flight.is_none() {
                    self.ask(now);
                }
                self.advance(now);
            }
            State::Confirming | State::Unreachable | State::Ended(_) => self.doubt(now),
            State::SigningOut => {}
        }
    }

    /// The session may be over, or another one: conceals, and asks. Where the page is concealed
    /// and the server being asked, it is asked again before the answer is believed.
    fn doubt(&mut self, now: Instant) {
        let is_concealed = self.is_concealed();
        if let Some(in_flight) = self.in_flight.as_mut().filter(|_| is_concealed) {
            in_flight.is_outdated = true;
            return;
        }
        if let State::Ended(_) = self.state {
            return self.ask_after_end(now);
        }
        if self.state != State::SigningOut {
            self.state = State::Confirming;
        }
        self.in_flight = None;
        self.ask(now);
        self.show(now);
    }

    fn is_concealed(&self) -> bool {
        !matches!(self.state, State::Active | State::Warning)
    }
}
