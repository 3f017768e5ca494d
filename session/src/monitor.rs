//! The browser's side of the agreement, as a state machine that is handed every event with its time.
//!
//! It predicts when the server will end the session, conceals the page before that, and asks.
//! It never decides that a session has ended, and only an answer of the server extends.

mod countdown;
mod expectation;
mod request;

use std::{collections::VecDeque, time::Duration};

pub use countdown::{Countdown, Extension};
use expectation::Expectation;
pub use request::{Attempt, Purpose, Request};

use crate::{ActiveStatus, EndReason, Instant, Limit, Status};

/// How long to wait before asking again when an answer neither revealed nor ended the session.
const CONFIRM_INTERVAL: Duration = Duration::from_millis(250);

/// A concealed page comes back for at least this long, or not at all: what the server tells may
/// differ from the told deadline by the round trip, and the page must not flash up in between.
const SHORTEST_REVEAL: Duration = Duration::from_secs(1);

/// Between two reports of activity, however little time is left.
const SHORTEST_REPORT_INTERVAL: Duration = Duration::from_secs(1);

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// While the user waits for the answer.
const LONGEST_RETRY_WHEN_WAITED_FOR: Duration = Duration::from_secs(5);

/// Watches one session for one page.
///
/// Call a `handle_*` method for everything that happens, then [`poll_action`](Self::poll_action)
/// until it returns `None`, then set one timer for [`poll_timeout`](Self::poll_timeout).
/// A timer that fires too early, too late or twice does no harm.
#[derive(Debug)]
pub struct Monitor {
    state: State,
    expectation: Expectation,
    /// The latest activity of the user that the server has not confirmed.
    unreported: Option<Instant>,
    last_report_at: Instant,
    in_flight: Option<InFlight>,
    next_attempt: u32,
    failures: u32,
    /// When to ask next, in a concealed state or after a failure.
    ask_at: Option<Instant>,
    extension: Extension,
    /// The user has seen this countdown and goes on. Where only the absolute limit is ahead, that
    /// puts it aside.
    dismissed: bool,
    shown: Option<Screen>,
    actions: VecDeque<Action>,
}

/// What the page is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The session lives and its deadline is far enough away.
    Active,
    /// The countdown runs.
    Warning,
    /// Concealed, and the server is being asked.
    Confirming,
    /// Concealed, and the server did not answer: retrying.
    Unreachable,
    /// The server has said that the session ended.
    Ended(EndReason),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this to the server and hand what comes of it to [`Monitor::handle_answer`],
    /// [`Monitor::handle_refused`] or [`Monitor::handle_failed`].
    Send(Request),
    /// Show this.
    Show(Screen),
    /// Go to where one signs in: the session has ended.
    Leave(EndReason),
}

/// What is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The page, and nothing else.
    Page,
    /// The page behind a countdown.
    Countdown(Countdown),
    /// Nothing of the page.
    Concealed(Concealed),
}

/// Why the page is concealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concealed {
    /// The server is being asked.
    Confirming,
    /// The server cannot be reached.
    Unreachable,
    /// The session has ended.
    Ended(EndReason),
}

/// Why the monitor wants to be called at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The told deadline passes.
    Conceal,
    /// The warning period begins.
    Warn,
    /// The countdown shows another second.
    Tick,
    /// Activity is to be reported.
    Report,
    /// The server is to be asked, again.
    Ask,
}

#[derive(Debug)]
struct InFlight {
    request: Request,
    sent_at: Instant,
    reports: Option<Instant>,
}

impl Monitor {
    /// Begins with a status that the server gave, on a request that left at `asked_at`.
    pub fn new(status: &ActiveStatus, asked_at: Instant, now: Instant) -> Self {
        let mut monitor = Self {
            state: State::Active,
            expectation: Expectation::new(status, asked_at),
            unreported: None,
            last_report_at: asked_at,
            in_flight: None,
            next_attempt: 0,
            failures: 0,
            ask_at: None,
            extension: Extension::NotAsked,
            dismissed: false,
            shown: None,
            actions: VecDeque::new(),
        };
        monitor.advance(now);
        monitor
    }

    /// The state the page is in.
    pub fn state(&self) -> State {
        self.state
    }

    /// The deadline the browser has been told, on its own clock, and the limit that sets it.
    pub fn told_deadline(&self) -> (Instant, Limit) {
        self.expectation.told_deadline()
    }

    /// The user did something.
    ///
    /// While the countdown runs this is passed over: there an explicit choice is asked for.
    pub fn handle_activity(&mut self, now: Instant) {
        self.advance(now);
        let counts = match self.state {
            State::Active => true,
            State::Warning => self.is_dismissed(now),
            State::Confirming | State::Unreachable | State::Ended(_) => false,
        };
        if counts {
            self.unreported = Some(now);
            self.advance(now);
        }
    }

    /// The user chose to stay signed in, or, where only a new sign-in can help, to go on working.
    pub fn handle_stay(&mut self, now: Instant) {
        self.advance(now);
        if self.state != State::Warning {
            return;
        }
        self.unreported = Some(now);
        self.dismissed = true;
        self.extension = Extension::Asked;
        self.send_report(now);
        self.show(now);
    }

    /// The server answered `attempt`.
    ///
    /// An answer to an attempt that has been given up is passed over: a newer one is under way.
    pub fn handle_answer(&mut self, attempt: Attempt, status: &Status, now: Instant) {
        let Some(answered) = self.take_in_flight(attempt) else {
            return;
        };
        match status {
            Status::Ended { reason } => self.end(*reason, now),
            Status::Anonymous => self.end(EndReason::SignedOut, now),
            Status::Active(status) => {
                if status.generation != self.expectation.generation() {
                    return self.end(EndReason::Replaced, now);
                }
                self.expectation = self.expectation.updated(status, answered.sent_at);
                if self.unreported <= answered.reports {
                    self.unreported = None;
                }
                if answered.request.purpose != Purpose::Status {
                    self.extension = Extension::NotAsked;
                }
                self.failures = 0;
                self.ask_at = None;
                self.settle(now);
                self.advance(now);
            }
        }
    }

    /// The server refused `attempt` because of what it carried: the session may be another one.
    pub fn handle_refused(&mut self, attempt: Attempt, now: Instant) {
        if self.take_in_flight(attempt).is_some() {
            self.send(Purpose::Status, now);
            self.advance(now);
        }
    }

    /// `attempt` brought no answer of the server: the network, a time-out, an error on the way.
    pub fn handle_failed(&mut self, attempt: Attempt, now: Instant) {
        let Some(failed) = self.take_in_flight(attempt) else {
            return;
        };
        self.ask_at = Some(now + self.retry_delay());
        self.failures = self.failures.saturating_add(1);
        if failed.request.purpose != Purpose::Status && self.extension == Extension::Asked {
            self.extension = Extension::Unanswered;
        }
        if self.state == State::Confirming {
            self.state = State::Unreachable;
        }
        self.advance(now);
        self.show(now);
    }

    /// Time passed; a timer may have fired.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
    }

    /// The page can no longer be seen. It may be frozen next, or the machine sleep, so what the
    /// user did is reported now.
    pub fn handle_hidden(&mut self, now: Instant) {
        self.advance(now);
        if self.state == State::Active && self.in_flight.is_none() {
            self.send_report(now);
        }
    }

    /// The page is put away, perhaps to be restored: whoever sees it next sees nothing of it.
    pub fn handle_put_away(&mut self, now: Instant) {
        if matches!(self.state, State::Ended(_)) {
            return;
        }
        self.state = State::Confirming;
        self.in_flight = None;
        self.ask_at = None;
        self.show(now);
    }

    /// The page is back: restored, shown, focused, resumed, online again, or after a gap in time.
    /// That is no activity. What has passed meanwhile is unknown, so the server is asked.
    pub fn handle_return(&mut self, now: Instant) {
        if matches!(self.state, State::Ended(_)) {
            return;
        }
        self.in_flight = None;
        self.ask_at = Some(now);
        self.advance(now);
    }

    /// The next action to carry out.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let concealed = match self.state {
            State::Ended(_) => return None,
            State::Confirming | State::Unreachable => true,
            State::Active | State::Warning => false,
        };
        let (told, _) = self.expectation.told_deadline();
        let warning_runs = self.state == State::Warning;
        let timers = [
            (!concealed).then_some((told, Timer::Conceal)),
            (self.state == State::Active).then(|| (self.expectation.warn_at(), Timer::Warn)),
            self.shown_countdown()
                .filter(|_| warning_runs)
                .map(|countdown| (countdown.next_tick(told), Timer::Tick)),
            self.report_at().map(|at| (at, Timer::Report)),
            self.ask_at
                .filter(|_| self.in_flight.is_none())
                .map(|at| (at, Timer::Ask)),
        ];
        timers.into_iter().flatten().min()
    }

    /// Does everything that is due by `now`.
    fn advance(&mut self, now: Instant) {
        match self.state {
            State::Active | State::Warning => self.settle(now),
            State::Confirming | State::Unreachable => {}
            State::Ended(_) => return,
        }
        if self.report_at().is_some_and(|at| at <= now) {
            self.send_report(now);
        }
        if self.in_flight.is_none() && self.ask_at.is_some_and(|at| at <= now) {
            self.ask(now);
        }
    }

    /// Puts the page into the state that follows from the expectation, and shows it.
    fn settle(&mut self, now: Instant) {
        let (told, _) = self.expectation.told_deadline();
        let shortest = match self.state {
            State::Confirming | State::Unreachable => SHORTEST_REVEAL,
            State::Active | State::Warning | State::Ended(_) => Duration::ZERO,
        };
        if now + shortest >= told {
            self.confirm(now);
        } else if now >= self.expectation.warn_at() {
            self.state = State::Warning;
        } else {
            self.state = State::Active;
            self.dismissed = false;
            self.extension = Extension::NotAsked;
        }
        self.show(now);
    }

    /// Conceals the page, and asks the server: at once at first, then again when grace is over.
    fn confirm(&mut self, now: Instant) {
        let asked_before = matches!(self.state, State::Confirming | State::Unreachable);
        self.state = State::Confirming;
        let ask_at = if asked_before {
            self.expectation.over_at().max(now + CONFIRM_INTERVAL)
        } else {
            now
        };
        self.ask_at = Some(ask_at);
    }

    fn end(&mut self, reason: EndReason, now: Instant) {
        self.state = State::Ended(reason);
        self.in_flight = None;
        self.ask_at = None;
        self.show(now);
        self.actions.push_back(Action::Leave(reason));
    }

    /// When activity is to be reported: once a touch interval, and in time before the warning.
    fn report_at(&self) -> Option<Instant> {
        let unreported = self.unreported?;
        if self.in_flight.is_some() || self.ask_at.is_some() {
            return None;
        }
        let regular = self.last_report_at + self.expectation.touch_interval();
        let last_call = self.expectation.last_call_at();
        let soonest = self.last_report_at + SHORTEST_REPORT_INTERVAL;
        Some(regular.min(last_call).max(soonest).max(unreported))
    }

    fn send_report(&mut self, now: Instant) {
        let Some(active_at) = self.unreported else {
            return;
        };
        self.last_report_at = now;
        let idle_for = now.since(active_at);
        self.send(Purpose::KeepAlive { idle_for }, now);
    }

    /// Asks the server, with the activity it does not know of, if there is any.
    fn ask(&mut self, now: Instant) {
        self.ask_at = None;
        match self.unreported {
            Some(_) => self.send_report(now),
            None => self.send(Purpose::Status, now),
        }
    }

    fn send(&mut self, purpose: Purpose, now: Instant) {
        let attempt = Attempt::from_number(self.next_attempt);
        self.next_attempt = self.next_attempt.wrapping_add(1);
        let request = Request { attempt, purpose };
        self.ask_at = None;
        self.in_flight = Some(InFlight {
            request,
            sent_at: now,
            reports: match purpose {
                Purpose::KeepAlive { .. } => self.unreported,
                Purpose::Status => None,
            },
        });
        self.actions.push_back(Action::Send(request));
    }

    fn take_in_flight(&mut self, attempt: Attempt) -> Option<InFlight> {
        self.in_flight
            .take_if(|in_flight| in_flight.request.attempt == attempt)
    }

    fn retry_delay(&self) -> Duration {
        let longest = match self.state {
            State::Active | State::Ended(_) => LONGEST_RETRY,
            State::Warning | State::Confirming | State::Unreachable => {
                LONGEST_RETRY_WHEN_WAITED_FOR
            }
        };
        FIRST_RETRY
            .saturating_mul(2u32.saturating_pow(self.failures))
            .min(longest)
    }

    fn show(&mut self, now: Instant) {
        let screen = match self.state {
            State::Active => Screen::Page,
            State::Warning => Screen::Countdown(self.countdown(now)),
            State::Confirming => Screen::Concealed(Concealed::Confirming),
            State::Unreachable => Screen::Concealed(Concealed::Unreachable),
            State::Ended(reason) => Screen::Concealed(Concealed::Ended(reason)),
        };
        if self.shown != Some(screen) {
            self.shown = Some(screen);
            self.actions.push_back(Action::Show(screen));
        }
    }

    fn countdown(&self, now: Instant) -> Countdown {
        let (told, _) = self.expectation.told_deadline();
        Countdown {
            seconds_left: told.since(now).as_secs(),
            limit: self.expectation.limit_ahead(now),
            extension: self.extension,
            dismissed: self.is_dismissed(now),
        }
    }

    fn shown_countdown(&self) -> Option<Countdown> {
        match self.shown {
            Some(Screen::Countdown(countdown)) => Some(countdown),
            _ => None,
        }
    }

    fn is_dismissed(&self, now: Instant) -> bool {
        let (_, limit) = self.expectation.told_deadline();
        self.dismissed
            && (limit == Limit::Absolute || self.extension == Extension::Asked)
            && self.expectation.limit_ahead(now) == Limit::Absolute
    }
}

#[cfg(test)]
mod tests;
