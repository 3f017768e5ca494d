//! Coordination of the tabs of one browser that share a session.
//!
//! One tab is the leader: the other tabs announce activity to it, and it reports to the server. A
//! tab that does not hear of a report in time reports by itself, so no tab depends on another.

use std::time::Duration;

use super::{Action, Extension, Message, Monitor, News, State};
use crate::{EndReason, Instant};

/// How long a tab that has announced activity waits for the leader's report before it reports by
/// itself.
const LEADER_TIMEOUT: Duration = Duration::from_secs(1);

/// Told deadlines that differ by less than this are the same deadline, told with different round
/// trips.
pub(super) const DEADLINE_TOLERANCE: Duration = Duration::from_millis(100);

/// Activity that is later than a reported one by less than this is not reported separately, except
/// at the last moment before the warning.
const ACTIVITY_TOLERANCE: Duration = Duration::from_millis(100);

/// What this tab knows of the other tabs.
#[derive(Debug, Default)]
pub(super) struct Tabs {
    /// Whether this tab is the leader, which reports activity.
    is_leader: bool,
    /// When this tab announced activity that has not been reported since.
    pub(super) announced_at: Option<Instant>,
    /// Whether another tab has announced the end of the session, so that all tabs know it.
    pub(super) end_announced: bool,
    /// Whether a message from a tab in another session has arrived. That tab has to be told of this
    /// session.
    pub(super) heard_of_other_session: bool,
    /// The latest claim of other tabs.
    pub(super) claim: Option<Claim>,
}

/// The news from another tab that the session is live. It is not trusted until an answer of the
/// server confirms it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    heard_at: Instant,
    idle_at: Instant,
    reported: Option<Instant>,
}

impl Claim {
    /// Combines two claims, whichever came first.
    fn combined_with(self, other: Self) -> Self {
        Self {
            heard_at: self.heard_at.max(other.heard_at),
            idle_at: self.idle_at.max(other.idle_at),
            reported: self.reported.max(other.reported),
        }
    }
}

impl Tabs {
    /// When this tab has to report the activity at `unreported`, or `None` if another tab has
    /// reported it.
    pub(super) fn report_at(&self, unreported: Instant, regular: Instant) -> Option<Instant> {
        if self.is_reported_by_other(unreported) {
            None
        } else if self.is_leader {
            Some(regular)
        } else {
            Some(self.announced_at.unwrap_or(regular) + LEADER_TIMEOUT)
        }
    }

    /// Drops a claim that was received before `asked_at`, because the request that was sent then
    /// has been answered.
    pub(super) fn drop_claim_before(&mut self, asked_at: Instant) {
        self.claim.take_if(|claim| claim.heard_at <= asked_at);
    }

    /// Whether another tab claims to have reported activity that is as late as `unreported`.
    fn is_reported_by_other(&self, unreported: Instant) -> bool {
        let reported = self.claim.and_then(|claim| claim.reported);
        reported.is_some_and(|reported| unreported <= reported + ACTIVITY_TOLERANCE)
    }
}

impl Monitor {
    /// This tab has become the leader, which reports the activity of all tabs, or is the leader no
    /// longer. At first it is not.
    pub fn handle_lead(&mut self, is_leader: bool, now: Instant) {
        self.tabs.is_leader = is_leader;
        self.advance(now);
    }

    /// A message from another tab has arrived. `age` is how long ago it was sent.
    pub fn handle_message(&mut self, message: &Message, age: Duration, now: Instant) {
        self.advance(now);
        let sent_at = now - age;
        if message.generation != self.expectation.generation() {
            // The end of another session matters only to a page that is concealed, because it may
            // be about to continue in that session.
            let is_live = !matches!(message.news, News::Ended | News::InDoubt);
            if is_live || self.is_concealed() {
                self.tabs.heard_of_other_session = true;
                self.conceal_and_ask(now);
            }
            return;
        }
        match message.news {
            News::Active { idle_for } => self.handle_activity_in_other_tab(sent_at - idle_for, now),
            News::Alive {
                idle_left,
                active_for,
            } => {
                self.handle_claim(
                    Claim {
                        heard_at: now,
                        idle_at: sent_at + idle_left,
                        reported: active_for.map(|active_for| sent_at - active_for),
                    },
                    now,
                );
                if active_for.is_some() {
                    self.last_report_at = self.last_report_at.max(sent_at);
                    self.tabs.announced_at = None;
                }
            }
            News::Ended => {
                self.tabs.end_announced = true;
                self.conceal_and_ask(now);
            }
            News::InDoubt => {
                if !self.is_concealed() {
                    self.conceal_and_ask(now);
                }
            }
        }
    }

    /// Whether another tab claims that the session lasts longer than this tab was told.
    pub(super) fn is_extension_claimed(&self) -> bool {
        self.tabs.claim.is_some_and(|claim| {
            self.expectation
                .would_extend(claim.idle_at - DEADLINE_TOLERANCE)
        })
    }

    /// Whether the countdown is not shown until the server has confirmed or refuted a claim. If the
    /// user has chosen to stay, the countdown remains until that request is answered.
    pub(super) fn suppresses_countdown(&self) -> bool {
        self.is_extension_claimed() && self.extension == Extension::NotAsked
    }

    /// When to announce activity to the other tabs: when this tab would report it if it were the
    /// leader. The leader then reports at once, without waiting for its own timer, which may be
    /// throttled.
    pub(super) fn tell_at(&self) -> Option<Instant> {
        let unreported = self.unreported?;
        let is_told =
            self.tabs.announced_at.is_some() || self.tabs.is_reported_by_other(unreported);
        if self.tabs.is_leader || is_told || self.in_flight.is_some() || self.ask_at.is_some() {
            return None;
        }
        Some(self.regular_report_at().max(unreported))
    }

    pub(super) fn tell_activity(&mut self, now: Instant) {
        let Some(active_at) = self.unreported else {
            return;
        };
        self.tabs.announced_at = Some(now);
        let idle_for = now.since(active_at);
        self.tell(News::Active { idle_for });
    }

    /// Announces that the server has answered that the session is live, with the activity that was
    /// reported to the server.
    pub(super) fn tell_alive(&mut self, reported: Option<Instant>, now: Instant) {
        self.tell(News::Alive {
            idle_left: self.expectation.idle_at().since(now),
            active_for: reported.map(|reported| now.since(reported)),
        });
    }

    pub(super) fn tell_end(&mut self, reason: Option<EndReason>) {
        match reason {
            None => self.tell(News::InDoubt),
            Some(_) if self.tabs.end_announced => {}
            Some(_) => self.tell(News::Ended),
        }
    }

    pub(super) fn tell(&mut self, news: News) {
        let generation = self.expectation.generation();
        self.actions
            .push_back(Action::Tell(Message { generation, news }));
    }

    /// Reports the activity of another tab if this tab is the leader.
    fn handle_activity_in_other_tab(&mut self, active_at: Instant, now: Instant) {
        if self.tabs.is_leader && self.state == State::Active {
            self.unreported = self.unreported.max(Some(active_at));
            self.advance(now);
        }
    }

    /// Asks the server about a claim that the session lasts longer: at once if the countdown is
    /// shown or the page is concealed, and otherwise in time before the countdown.
    fn handle_claim(&mut self, claim: Claim, now: Instant) {
        self.tabs.claim = Some(match self.tabs.claim {
            Some(before) => before.combined_with(claim),
            None => claim,
        });
        if !self.is_extension_claimed() {
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
            State::Confirming | State::Unreachable | State::Ended(_) => self.conceal_and_ask(now),
            State::SigningOut => {}
        }
    }

    /// The session may have ended or been replaced: conceals the page and asks the server. If the
    /// page is concealed and the server is already being asked, it is asked again, because that
    /// answer may be outdated.
    fn conceal_and_ask(&mut self, now: Instant) {
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
