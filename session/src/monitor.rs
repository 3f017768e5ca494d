//! The state machine of the browser. Every event is passed to it with its time.
//!
//! It predicts when the server will end the session, conceals the page before that, and asks the
//! server. Only an answer of the server extends or ends the session.

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
use tabs::{DEADLINE_TOLERANCE, Tabs};

use crate::{ActiveStatus, EndReason, Generation, Instant, Limit, Status};

/// How long to wait before asking again after an answer that neither extended nor ended the
/// session.
const CONFIRM_INTERVAL: Duration = Duration::from_millis(250);

/// A concealed page is revealed only if it can be shown for at least this long, so that it does not
/// appear for a moment: the remaining time in an answer may be off by a round trip.
const SHORTEST_REVEAL: Duration = Duration::from_secs(1);

/// Watches over one session for one page.
///
/// Call the `handle_*` method for each event, then [`poll_action`](Self::poll_action) until it
/// returns `None`, and then set one timer for the instant that [`poll_timeout`](Self::poll_timeout)
/// returns. A timer that fires too early, too late or twice does no harm.
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
    /// When to ask the server next, if the page is concealed or a request has failed.
    ask_at: Option<Instant>,
    extension: Extension,
    /// Whether the user has chosen to go on in this countdown. If only the absolute timeout is
    /// near, this closes the dialog.
    dismissed: bool,
    tabs: Tabs,
    shown: Option<Screen>,
    actions: VecDeque<Action>,
}

/// The state of the session, as far as the page knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The session is live, and its deadline is not near.
    Active,
    /// The countdown is shown.
    Warning,
    /// The page is concealed, and the server is being asked.
    Confirming,
    /// The page is concealed, and the server did not answer. It is asked again.
    Unreachable,
    /// The page is concealed, and the server is asked to sign out until it answers.
    SigningOut,
    /// The session has ended, for the given reason. Without a reason, the server knows of no
    /// session in this browser.
    Ended(Option<EndReason>),
}

/// An action that the caller has to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this request, and pass its result to [`Monitor::handle_answer`],
    /// [`Monitor::handle_refused`] or [`Monitor::handle_failed`].
    Send(Request),
    /// Show this screen.
    Show(Screen),
    /// Send this message to the other tabs of this browser.
    Tell(Message),
    /// The same person has signed in again: use this generation from now on, also in the forms of
    /// the page.
    Adopt(Generation),
    /// Leave the page, because its session has ended for this reason: go to the page for signing
    /// in, or, if another session has replaced this one, load the page again.
    Leave(EndReason),
}

/// The reason for which the monitor has to be called at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The deadline that the browser was told passes, and the page is concealed.
    Conceal,
    /// The warning period begins.
    Warn,
    /// The countdown shows another second.
    Tick,
    /// Activity has to be reported to the server.
    Report,
    /// Activity has to be announced to the other tabs.
    Tell,
    /// The server has to be asked, or asked again.
    Ask,
}

impl Monitor {
    /// Starts with a status from the server. `asked_at` is when the request for that status was
    /// sent. `seed` varies the delays after which failed requests are repeated, and should be
    /// random.
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

    /// The current state.
    pub fn state(&self) -> State {
        self.state
    }

    /// The deadline that the browser has been told, on the browser's clock, and the limit that sets
    /// it.
    pub fn told_deadline(&self) -> (Instant, Limit) {
        self.expectation.told_deadline()
    }

    /// The user was active. While the countdown is shown this is ignored, because the user has to
    /// choose explicitly.
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

    /// The user chose to stay signed in or, if only a new sign-in can extend the time, to go on
    /// working.
    pub fn handle_stay(&mut self, now: Instant) {
        self.advance(now);
        if self.state != State::Warning {
            return;
        }
        self.unreported = Some(now);
        self.dismissed = true;
        // Sending the request again would not make a slow answer come sooner.
        if self.extension != Extension::Asked || self.in_flight.is_none() {
            self.extension = Extension::Asked;
            self.send_report(now);
        }
        self.show(now);
    }

    /// The server answered the request `attempt` with `status`. The answer is ignored if a newer
    /// request has been sent since.
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
            Status::Active(status) => self.resume(&answered, status, now),
        }
    }

    /// The server refused the request `attempt`: a report because the browser is in another
    /// session, and a request for the status because that session is another person's (`J3`).
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

    /// The request `attempt` got no answer from the server, for example because of the network, a
    /// timeout or an error of a proxy.
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

    /// The user signs out on this page. The page is concealed at once, and stays concealed until
    /// the server has confirmed that the session has ended.
    pub fn handle_sign_out(&mut self, now: Instant) {
        if matches!(self.state, State::SigningOut | State::Ended(_)) {
            return;
        }
        self.state = State::SigningOut;
        self.unreported = None;
        self.ask(now);
        self.show(now);
    }

    /// Somebody has signed in over this page, after its session had ended or shortly before. The
    /// server then says whether it is the same person.
    pub fn handle_signed_in(&mut self, now: Instant) {
        self.state = State::Confirming;
        self.send(Purpose::Status, now);
        self.show(now);
    }

    /// A timer fired, or time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
    }

    /// The page is hidden. Unreported activity is reported now, because the page may be frozen
    /// next.
    pub fn handle_hidden(&mut self, now: Instant) {
        self.advance(now);
        if self.state == State::Active && self.in_flight.is_none() {
            self.send_report(now);
        }
    }

    /// The page is frozen or put into the back/forward cache. It is concealed, in case it is
    /// restored.
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

    /// The page is back: it was restored, shown, focused or resumed, is online again, or has
    /// noticed a gap in time. This is not activity. The server is asked, because the session may
    /// have changed meanwhile.
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

    /// The next action to carry out, if there is one.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next, and why. `None` after the
    /// session has ended.
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
            (self.state == State::Active && !self.suppresses_countdown())
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
            State::Active | State::Warning => self.update_state(now),
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

    /// Enters the state that follows from the expectation, and shows it.
    fn update_state(&mut self, now: Instant) {
        let (told, _) = self.expectation.told_deadline();
        let shortest = match self.state {
            State::Confirming | State::Unreachable => SHORTEST_REVEAL,
            State::Active | State::Warning | State::SigningOut | State::Ended(_) => Duration::ZERO,
        };
        if now + shortest >= told {
            self.confirm(now);
        } else if now >= self.expectation.warn_at() && !self.suppresses_countdown() {
            self.state = State::Warning;
        } else {
            self.state = State::Active;
            self.dismissed = false;
            self.extension = Extension::NotAsked;
        }
        self.show(now);
    }

    /// Conceals the page and asks the server: at once the first time, and then again when grace is
    /// over.
    fn confirm(&mut self, now: Instant) {
        let asked_before = matches!(self.state, State::Confirming | State::Unreachable);
        self.state = State::Confirming;
        let ask_at = if asked_before {
            self.expectation.server_end_at().max(now + CONFIRM_INTERVAL)
        } else {
            now
        };
        self.ask_at = Some(ask_at);
    }

    /// The session is live, so the page goes on, with a new generation after another sign-in.
    fn resume(&mut self, answered: &InFlight, status: &ActiveStatus, now: Instant) {
        let known_idle_at = self.expectation.idle_at();
        self.tabs.end_announced = false;
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
            // The server refused to end this session, so trying again at once would not help.
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
        self.tabs.drop_claim_before(answered.sent_at);
        let is_later = self.expectation.idle_at() > known_idle_at + DEADLINE_TOLERANCE;
        let is_asked_for = mem::take(&mut self.tabs.heard_of_other_session);
        if answered.reports.is_some() || is_later || is_asked_for {
            self.tell_alive(answered.reports, now);
        }
        self.update_state(now);
        self.advance(now);
    }

    /// Ends the session on this page, and leaves it unless the person may sign in again over it.
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

    /// An answer that nobody is signed in does not say why. If the user has signed out in this tab
    /// or another, that is the reason.
    fn known_sign_out(&self) -> Option<EndReason> {
        let is_known = self.state == State::SigningOut || self.tabs.end_announced;
        is_known.then_some(EndReason::SignedOut)
    }

    /// Asks whether somebody has signed in again. The screen does not change until they have.
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
