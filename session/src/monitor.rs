//! The browser's side of the agreement, as a state machine that is handed every event with its time.
//!
//! It predicts when the server will end the session, conceals the page before that, and asks.
//! It never decides that a session has ended, and only an answer of the server extends.

mod asking;
mod backoff;
mod countdown;
mod expectation;
mod message;
mod request;
mod screen;
mod tabs;

use std::{collections::VecDeque, mem, time::Duration};

use asking::InFlight;
use backoff::Backoff;
pub use countdown::{Countdown, Extension};
use expectation::Expectation;
pub use message::{Message, News, UnknownMessage};
pub use request::{Attempt, Purpose, Request};
pub use screen::{Concealed, Screen};
use tabs::{SAME_DEADLINE, Tabs};

use crate::{ActiveStatus, EndReason, Generation, Instant, Limit, Status};

/// How long to wait before asking again when an answer neither revealed nor ended the session.
const CONFIRM_INTERVAL: Duration = Duration::from_millis(250);

/// A concealed page comes back for at least this long, or not at all: what the server tells may
/// differ from the told deadline by the round trip, and the page must not flash up in between.
const SHORTEST_REVEAL: Duration = Duration::from_secs(1);

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
    backoff: Backoff,
    /// When to ask next, in a concealed state or after a failure.
    ask_at: Option<Instant>,
    extension: Extension,
    /// The user has seen this countdown and goes on. Where only the absolute limit is ahead, that
    /// puts it aside.
    dismissed: bool,
    tabs: Tabs,
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
    /// Concealed, and the server is being asked, until it answers, to sign out.
    SigningOut,
    /// The server has said that the session ended, or that it knows of none in this browser.
    Ended(Option<EndReason>),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this to the server and hand what comes of it to [`Monitor::handle_answer`],
    /// [`Monitor::handle_refused`] or [`Monitor::handle_failed`].
    Send(Request),
    /// Show this.
    Show(Screen),
    /// Tell the other tabs of this browser.
    Tell(Message),
    /// The same person has signed in again: go on under this generation.
    Adopt(Generation),
    /// Go to where one signs in: the session has ended, and the page with it.
    Leave(EndReason),
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
    /// The other tabs are to be told of activity.
    Tell,
    /// The server is to be asked, again.
    Ask,
}

impl Monitor {
    /// Begins with a status that the server gave, on a request that left at `asked_at`.
    /// `seed` varies when requests that failed are sent again.
    pub fn new(status: &ActiveStatus, asked_at: Instant, seed: u64, now: Instant) -> Self {
        let mut monitor = Self {
            state: State::Active,
            expectation: Expectation::new(status, asked_at),
            unreported: None,
            last_report_at: asked_at,
            in_flight: None,
            next_attempt: 0,
            backoff: Backoff::new(seed),
            ask_at: None,
            extension: Extension::NotAsked,
            dismissed: false,
            tabs: Tabs::default(),
            shown: None,
            actions: VecDeque::new(),
        };
        monitor.tell_alive(None, now);
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
            State::Confirming | State::Unreachable | State::SigningOut | State::Ended(_) => false,
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
        // Another press does not make a slow answer come sooner.
        if self.extension != Extension::Asked || self.in_flight.is_none() {
            self.extension = Extension::Asked;
            self.send_report(now);
        }
        self.show(now);
    }

    /// The server answered `attempt`.
    ///
    /// An answer to an attempt that has been given up is passed over: a newer one is under way.
    pub fn handle_answer(&mut self, attempt: Attempt, status: &Status, now: Instant) {
        let Some(answered) = self.take_in_flight(attempt) else {
            return;
        };
        if answered.is_outdated {
            return self.ask(now);
        }
        match status {
            Status::Ended { reason } => self.end(Some(*reason), now),
            Status::Anonymous => self.end(self.known_sign_out(), now),
            Status::Active(status) => self.go_on(&answered, status, now),
        }
    }

    /// The server refused `attempt` because of what it carried: a report because the session is
    /// another one, and a question because it is another person's (`J3`).
    pub fn handle_refused(&mut self, attempt: Attempt, now: Instant) {
        let Some(refused) = self.take_in_flight(attempt) else {
            return;
        };
        match refused.request.purpose {
            Purpose::KeepAlive { .. } | Purpose::SignOut => self.send(Purpose::Status, now),
            Purpose::Status => self.end(Some(EndReason::Replaced), now),
        }
        self.advance(now);
    }

    /// `attempt` brought no answer of the server: the network, a time-out, an error on the way.
    pub fn handle_failed(&mut self, attempt: Attempt, now: Instant) {
        let Some(failed) = self.take_in_flight(attempt) else {
            return;
        };
        if matches!(self.state, State::Ended(_)) {
            return;
        }
        self.tabs.claim = None;
        self.ask_at = Some(now + self.retry_delay());
        if failed.request.purpose != Purpose::Status && self.extension == Extension::Asked {
            self.extension = Extension::Unanswered;
        }
        match self.state {
            State::Confirming => self.state = State::Unreachable,
            State::SigningOut => self.tell(News::InDoubt),
            State::Active | State::Warning | State::Unreachable | State::Ended(_) => {}
        }
        self.advance(now);
        self.show(now);
    }

    /// The user signs out on this page. It is concealed at once, and stays so until the server has
    /// said that the session has ended.
    pub fn handle_sign_out(&mut self, now: Instant) {
        if matches!(self.state, State::SigningOut | State::Ended(_)) {
            return;
        }
        self.state = State::SigningOut;
        self.unreported = None;
        self.ask(now);
        self.show(now);
    }

    /// Somebody has signed in on this page, whose session had ended or was about to. Whether it is
    /// the person whose page it is, the server says.
    pub fn handle_signed_in(&mut self, now: Instant) {
        self.state = State::Confirming;
        self.send(Purpose::Status, now);
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
        match self.state {
            State::Ended(_) => return,
            State::SigningOut => {}
            State::Active | State::Warning | State::Confirming | State::Unreachable => {
                self.state = State::Confirming;
            }
        }
        self.in_flight = None;
        self.ask_at = None;
        self.show(now);
    }

    /// The page is back: restored, shown, focused, resumed, online again, or after a gap in time.
    /// That is no activity. What has passed meanwhile is unknown, so the server is asked.
    pub fn handle_return(&mut self, now: Instant) {
        match self.state {
            State::Ended(_) => self.ask_after_end(now),
            _ => {
                self.in_flight = None;
                self.ask_at = Some(now);
                self.advance(now);
            }
        }
    }

    /// The next action to carry out.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let concealed = match self.state {
            State::Ended(_) => return None,
            State::Confirming | State::Unreachable | State::SigningOut => true,
            State::Active | State::Warning => false,
        };
        let (told, _) = self.expectation.told_deadline();
        let warning_runs = self.state == State::Warning;
        let timers = [
            (!concealed).then_some((told, Timer::Conceal)),
            (self.state == State::Active && !self.sets_countdown_aside())
                .then(|| (self.expectation.warn_at(), Timer::Warn)),
            self.shown_countdown()
                .filter(|_| warning_runs)
                .map(|countdown| (countdown.next_tick(told), Timer::Tick)),
            self.report_at().map(|at| (at, Timer::Report)),
            self.tell_at().map(|at| (at, Timer::Tell)),
            self.next_ask_at().map(|at| (at, Timer::Ask)),
        ];
        timers.into_iter().flatten().min()
    }

    /// Does everything that is due by `now`.
    fn advance(&mut self, now: Instant) {
        match self.state {
            State::Active | State::Warning => self.settle(now),
            State::Confirming | State::Unreachable | State::SigningOut => {}
            State::Ended(_) => return,
        }
        if self.tell_at().is_some_and(|at| at <= now) {
            self.tell_activity(now);
        }
        if self.report_at().is_some_and(|at| at <= now) {
            self.send_report(now);
        }
        if self.next_ask_at().is_some_and(|at| at <= now) {
            self.ask(now);
        }
    }

    /// Puts the page into the state that follows from the expectation, and shows it.
    fn settle(&mut self, now: Instant) {
        let (told, _) = self.expectation.told_deadline();
        let shortest = match self.state {
            State::Confirming | State::Unreachable => SHORTEST_REVEAL,
            State::Active | State::Warning | State::SigningOut | State::Ended(_) => Duration::ZERO,
        };
        if now + shortest >= told {
            self.confirm(now);
        } else if now >= self.expectation.warn_at() && !self.sets_countdown_aside() {
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

    /// The session lives: the page goes on, under another generation if the same person has
    /// signed in again.
    fn go_on(&mut self, answered: &InFlight, status: &ActiveStatus, now: Instant) {
        let known_idle_at = self.expectation.idle_at();
        self.tabs.told_of_end = false;
        let is_same_session = status.generation == self.expectation.generation();
        if is_same_session {
            self.expectation = self.expectation.updated(status, answered.sent_at);
            if self.unreported <= answered.reports {
                self.unreported = None;
            }
        } else {
            self.expectation = Expectation::new(status, answered.sent_at);
            self.unreported = None;
            self.actions.push_back(Action::Adopt(status.generation));
        }
        if self.state == State::SigningOut {
            // Refused in the session that is to end: trying again at once would not help.
            let wait = if is_same_session {
                self.retry_delay()
            } else {
                Duration::ZERO
            };
            self.ask_at = Some(now + wait);
            return self.advance(now);
        }
        if answered.request.purpose != Purpose::Status {
            self.extension = Extension::NotAsked;
        }
        self.backoff.reset();
        self.ask_at = None;
        self.tabs.forget_claim_from_before(answered.sent_at);
        let is_later = self.expectation.idle_at() > known_idle_at + SAME_DEADLINE;
        let is_asked_for = mem::take(&mut self.tabs.heard_of_another);
        if answered.reports.is_some() || is_later || is_asked_for {
            self.tell_alive(answered.reports, now);
        }
        self.settle(now);
        self.advance(now);
    }

    /// Where nobody has said why there is no session, or nobody meant it to end, the same person may
    /// sign in again on the page.
    fn end(&mut self, reason: Option<EndReason>, now: Instant) {
        self.in_flight = None;
        self.ask_at = None;
        if let State::Ended(before) = self.state {
            let is_news = reason == Some(EndReason::Replaced) || before.is_none();
            if before == reason || !is_news {
                return;
            }
        }
        let is_wanted = self.state == State::SigningOut;
        self.state = State::Ended(reason);
        self.show(now);
        self.tell_end(reason);
        if let Some(reason) = reason.filter(|reason| is_wanted || !reason.keeps_page()) {
            self.actions.push_back(Action::Leave(reason));
        }
    }

    /// That nobody is signed in says not that this session has ended. Where the user has signed out
    /// in this tab or another, it has.
    fn known_sign_out(&self) -> Option<EndReason> {
        let is_known = self.state == State::SigningOut || self.tabs.told_of_end;
        is_known.then_some(EndReason::SignedOut)
    }

    /// Asks whether somebody has signed in again meanwhile. What is shown stays until they have.
    fn ask_after_end(&mut self, now: Instant) {
        let State::Ended(reason) = self.state else {
            return;
        };
        if reason.is_none_or(EndReason::keeps_page) && self.in_flight.is_none() {
            self.send(Purpose::Status, now);
        }
    }

    fn show(&mut self, now: Instant) {
        let screen = match self.state {
            State::Active => Screen::Page,
            State::Warning => Screen::Countdown(self.countdown(now)),
            State::Confirming if self.ask_at.is_some_and(|at| at > now) => {
                Screen::Concealed(Concealed::Grace)
            }
            State::Confirming => Screen::Concealed(Concealed::Confirming),
            State::SigningOut => Screen::Concealed(Concealed::SigningOut {
                unanswered: self.backoff.has_failed(),
            }),
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
            unheard: self.unreported.is_some() && self.backoff.has_failed(),
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
