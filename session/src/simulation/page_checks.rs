//! Checks the properties on every page, after every step. The tolerances are in `bounds`.

use std::time::Duration;

use super::{
    bounds::{
        self, ACTIVITY_TOLERANCE, HEARTBEAT, HIDDEN_ALIGNMENT, LATENESS, MESSAGE_TIME, QUICK_ANSWER,
    },
    machine::Machine,
    moment::Moment,
    plan::Place,
    properties::Property,
    tab::Page,
    world::World,
};
use crate::{EndReason, Screen, State};

/// A violated property of a page, with the details.
type Finding = (Property, String);

impl World<'_> {
    /// Checks every page. `passed` is the time since the last check, during which nothing has
    /// changed.
    pub(super) fn check_pages(&mut self, passed: Duration) {
        let mut found = None;
        for (number, machine) in self.machines.iter().enumerate() {
            let is_awake = machine.is_awake();
            for (tab, in_tab) in machine.tabs.iter().enumerate() {
                let Some(page) = in_tab.page() else { continue };
                self.coverage.tab_time += passed;
                if !is_awake || page.dormancy.is_some() {
                    continue;
                }
                if in_tab.is_visible {
                    self.coverage.watched_time += passed;
                }
                let place = Place {
                    machine: number,
                    tab,
                };
                let finding = self.finding(machine, in_tab.is_visible, page);
                found = found.or(finding.map(|finding| (place, finding)));
            }
        }
        if let Some((place, (property, detail))) = found {
            self.report_violation(property, || format!("{place}: {detail}"));
        }
    }

    fn finding(&self, machine: &Machine, is_visible: bool, page: &Page) -> Option<Finding> {
        self.content_shown_too_long(machine, is_visible, page)
            .or_else(|| self.unreported_activity(machine, is_visible, page))
            .or_else(|| self.page_concealed_too_long(machine, is_visible, page))
            .or_else(|| self.stale_countdown(machine, is_visible, page))
    }

    /// Finds content that is shown for too long, or a countdown that promises too much.
    fn content_shown_too_long(
        &self,
        machine: &Machine,
        is_visible: bool,
        page: &Page,
    ) -> Option<Finding> {
        let promised = match page.screen {
            Screen::Page => Duration::ZERO,
            Screen::Countdown(countdown) => Duration::from_secs(countdown.seconds_left),
            Screen::Concealed(_) => return None,
        };
        let deadline = self.server.store.deadline(page.session);
        let entry = self.ledger.entry(page.session);
        if self.now + promised < deadline.at && entry.ended_at.is_none() {
            return None;
        }
        let clocks = &machine.clocks;
        let since = page.anchor.asked_at;
        let behind = page.anchor.slept + bounds::behind(clocks, since, self.now);
        let lost = entry.lost_since(since);
        let by_time = bounds::shown_until(deadline, &self.plan.policy, behind, lost);
        let has_woken = machine.awake_since + HEARTBEAT + LATENESS;
        if is_visible && self.now > has_woken && self.now + promised > by_time {
            let (session, ends_at) = (page.session, Moment(deadline.at));
            return Some(match page.screen {
                Screen::Countdown(_) if promised > Duration::ZERO => (
                    Property::HonestCountdown,
                    format!(
                        "the countdown shows {promised:?}, but a timeout ends session {session} at {ends_at}"
                    ),
                ),
                _ => (
                    Property::NoGhost,
                    format!("content is shown, but a timeout ended session {session} at {ends_at}"),
                ),
            });
        }

        let by_time = match is_visible {
            true => by_time.max(has_woken),
            false => (by_time + bounds::hidden_for(clocks, since)).max(has_woken),
        };
        let by_message = entry
            .known_since
            .filter(|known_since| machine.has_channel && page.runs_since < *known_since)
            .map(|known_since| bounds::told_by(known_since.max(machine.awake_since)));
        let until = by_message.map_or(by_time, |by_message| by_message.min(by_time));
        (self.now > until).then(|| {
            let ended_at = entry.ended_at.unwrap_or(deadline.at);
            let detail = format!(
                "content of session {} is shown, but the session ended at {}, and content may be shown until {}",
                page.session,
                Moment(ended_at),
                Moment(until),
            );
            (Property::NoGhost, detail)
        })
    }

    /// Finds activity that no tab has reported.
    fn unreported_activity(
        &self,
        machine: &Machine,
        is_visible: bool,
        page: &Page,
    ) -> Option<Finding> {
        let counted_at = page.counted_at?;
        let entry = self.ledger.entry(page.session);
        if entry.last_active_at >= counted_at || entry.ended_at.is_some() {
            return None;
        }
        let ahead = bounds::ahead(&machine.clocks, counted_at, self.now);
        let runs = matches!(page.state(), State::Active | State::Warning);
        let undisturbed_since = machine
            .undisturbed_since
            .max(page.runs_since)
            .max(counted_at);
        let throttled = match is_visible {
            true => Duration::ZERO,
            false => HIDDEN_ALIGNMENT,
        };
        let by = undisturbed_since + bounds::reported_within(&self.plan.policy) + throttled;
        let is_silent = runs
            && self.can_reach_server(machine)
            && self.now > by
            && entry.last_active_at + ahead + ACTIVITY_TOLERANCE < counted_at;
        is_silent.then(|| {
            let detail = format!("no tab has reported the activity of {}", Moment(counted_at));
            (Property::ActivityPreserves, detail)
        })
    }

    /// Finds a page that stays concealed although its session is live.
    fn page_concealed_too_long(
        &self,
        machine: &Machine,
        is_visible: bool,
        page: &Page,
    ) -> Option<Finding> {
        let concealed_since = page.concealed_since?;
        let policy = &self.plan.policy;
        let deadline = self.server.store.deadline(page.session).at;
        let is_over = self.ledger.entry(page.session).ended_at.is_some()
            || self.now >= bounds::revealed_until(deadline, policy)
            || page.state() == State::SigningOut
            || machine.cookie != Some(page.session);
        if is_over || !is_visible || !self.can_reach_server(machine) {
            return None;
        }
        let undisturbed_since = machine
            .undisturbed_since
            .max(page.in_front_since())
            .max(concealed_since);
        let by = undisturbed_since + bounds::revealed_within(policy);
        (self.now > by).then(|| {
            let detail = format!(
                "session {} is live, but its page has been concealed since {}",
                page.session,
                Moment(concealed_since)
            );
            (Property::NoEarlyEnd, detail)
        })
    }

    /// Finds a countdown that goes on although another tab was told that there is more time.
    fn stale_countdown(&self, machine: &Machine, is_visible: bool, page: &Page) -> Option<Finding> {
        let Screen::Countdown(countdown) = page.screen else {
            return None;
        };
        let entry = self.ledger.entry(page.session);
        let told = entry.told?;
        let left = (told.deadline - entry.lost_since(told.asked_at)).since(self.now);
        let shown = Duration::from_secs(countdown.seconds_left);
        let since = page.anchor.asked_at.min(told.asked_at);
        let ahead = bounds::ahead(&machine.clocks, since, self.now);
        let less = bounds::countdown_slack_between_tabs(page.anchor.round_trip, ahead);
        let undisturbed_since = machine
            .undisturbed_since
            .max(page.in_front_since())
            .max(told.answered_at);
        let by = undisturbed_since + MESSAGE_TIME + 2 * QUICK_ANSWER + LATENESS;
        let received = machine.has_channel && page.runs_since < told.answered_at;
        let may = is_visible && received && self.can_reach_server(machine);
        let is_stale = may && self.now > by && shown + less < left;
        is_stale.then(|| {
            let detail = format!(
                "the countdown shows {shown:?}, but another tab was told that {left:?} is left"
            );
            (Property::HonestCountdown, detail)
        })
    }

    /// Whether the pages of this machine can reach the server.
    fn can_reach_server(&self, machine: &Machine) -> bool {
        machine.is_online() && self.server.works()
    }

    /// A page shows that its session has ended: checks that it has.
    pub(super) fn check_end(&mut self, place: Place, reason: Option<EndReason>) {
        let machine = &self.machines[place.machine];
        let Some(page) = machine.tabs[place.tab].page() else {
            return;
        };
        let session = page.session;
        let has_cookie = machine.cookie == Some(session);
        let ended = self.server.store.session(session).ended();
        if has_cookie && (ended.is_none() || ended != reason) {
            self.report_violation(Property::NoEarlyEnd, || match ended {
                None => format!("{place}: session {session} is live, but the page shows that it has ended"),
                Some(ended) => {
                    format!("{place}: session {session} ended for the reason {ended}, but the page shows {reason:?}")
                }
            });
        }
        let now = self.now;
        self.ledger.entry_mut(session).learn_of_end(now);
    }

    /// The server has told a page that its session has ended: checks that it shows no content.
    pub(super) fn check_heeds_end(&mut self, place: Place) {
        let page = self.machines[place.machine].tabs[place.tab].page();
        if page.is_some_and(Page::shows_content) {
            self.report_violation(Property::NoGhost, || {
                format!("{place}: content is shown, but the server has told the page that the session has ended")
            });
        }
    }

    /// Checks that the countdown is not much lower than the time left.
    pub(super) fn check_countdown_is_not_too_low(&mut self, place: Place) {
        let machine = &self.machines[place.machine];
        let Some(page) = machine.tabs[place.tab].page() else {
            return;
        };
        let Screen::Countdown(countdown) = page.screen else {
            return;
        };
        let shown = Duration::from_secs(countdown.seconds_left);
        let left = page.anchor.deadline.since(self.now);
        let ahead = bounds::ahead(&machine.clocks, page.anchor.asked_at, self.now);
        let less = bounds::countdown_slack(&self.plan.policy, page.anchor.round_trip, ahead);
        if shown + less < left {
            self.report_violation(Property::HonestCountdown, || {
                format!(
                    "{place}: the countdown shows {shown:?} while {left:?} is left, and may be lower by at most {less:?}"
                )
            });
        }
    }
}
