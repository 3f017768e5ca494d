//! The driver, which passes events to the monitor and carries out its actions.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use dwell_overlay::SignIn;
use dwell_session::{
    Action, ActiveStatus, Concealed, Generation, Instant, Message, Monitor, Names, Purpose,
    Request, Screen, State,
};
use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlFormElement, Node};

use crate::{
    clock::Clock,
    drafts::Drafts,
    lead::LeaderLock,
    page::Page,
    server::{self, Outcome},
    tabs::{Received, Tabs},
};

/// The longest delay for `setTimeout`, which fires at once if it is given a longer one. A timer
/// that fires early does no harm.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

/// The longest delay while the page is visible. After a suspend, timers fire late by the time that
/// the machine was suspended, and there may be no event for the wake-up.
const LONGEST_TIMER_IN_SIGHT: Duration = Duration::from_secs(1);

/// The monitor of this page with its clock and its one timer, the connection to the other tabs, and
/// the page itself.
pub(crate) struct Driver {
    monitor: RefCell<Monitor>,
    clock: Rc<Clock>,
    timer: RefCell<Option<Timer>>,
    /// What the guard of the page was last told, if anything: the instant at which it closes the
    /// page, or `None` while the page is concealed.
    guard_deadline: Cell<Option<Option<Instant>>>,
    connection: RefCell<Option<TabConnection>>,
    page: Rc<Page>,
    drafts: Drafts,
    generation: Cell<Generation>,
    show: Box<dyn Fn(Screen)>,
}

/// The connection to the other tabs, which a page in the back/forward cache does not have.
struct TabConnection {
    tabs: Option<Tabs>,
    _leader_lock: Option<LeaderLock>,
}

struct Timer {
    due_at: Instant,
    _timeout: Timeout,
}

impl Driver {
    /// Starts with the status in the page. `prepare` is called with fetched elements before they
    /// are put into the page, and `show` with what has to be shown over it.
    pub(crate) fn start(
        page: Page,
        status: &ActiveStatus,
        prepare: fn(&Element),
        show: impl Fn(Screen) + 'static,
    ) -> Rc<Self> {
        let page = Rc::new(page);
        let clock = Rc::new(Clock::start(page.performance()));
        let now = clock.read().now;
        let seed = js_sys::Math::random().to_bits();
        let monitor = Monitor::new(status, clock.fetched_at(), seed, now);
        let driver = Rc::new(Self {
            monitor: RefCell::new(monitor),
            clock,
            timer: RefCell::new(None),
            guard_deadline: Cell::new(None),
            connection: RefCell::new(None),
            drafts: Drafts::of(&page, prepare),
            page,
            generation: Cell::new(status.generation),
            show: Box::new(show),
        });
        driver.connect();
        driver.handle(Monitor::handle_timeout);
        driver
    }

    pub(crate) fn generation(&self) -> Generation {
        self.generation.get()
    }

    pub(crate) fn names(&self) -> &Names {
        self.page.names()
    }

    pub(crate) fn state(&self) -> State {
        self.monitor.borrow().state()
    }

    /// How the user can sign in from the page.
    pub(crate) fn sign_in(&self) -> SignIn {
        self.page.sign_in()
    }

    pub(crate) fn handle_activity(self: &Rc<Self>) {
        self.handle(Monitor::handle_activity);
    }

    pub(crate) fn stay(self: &Rc<Self>) {
        self.handle(Monitor::handle_stay);
    }

    pub(crate) fn retry(self: &Rc<Self>) {
        self.handle(Monitor::handle_retry);
    }

    pub(crate) fn sign_out(self: &Rc<Self>) {
        self.handle(Monitor::handle_sign_out);
    }

    /// Goes to the page for signing in if the server can be reached. Returns whether it can.
    pub(crate) async fn start_afresh(&self) -> bool {
        let outcome = server::ask(self.names(), Purpose::Status, self.generation()).await;
        let is_reached = !matches!(outcome, Outcome::Failed);
        if is_reached {
            self.page.go_to_sign_in();
        }
        is_reached
    }

    pub(crate) fn handle_signed_in(self: &Rc<Self>) {
        self.handle(Monitor::handle_signed_in);
    }

    /// The user, or a script, has changed a field at `at`.
    pub(crate) fn handle_input(&self, at: Option<&Node>) {
        self.drafts.handle_input(at, |id| self.announce_draft(id));
    }

    fn announce_draft(&self, id: &str) {
        self.with_tabs(|tabs| tabs.announce_draft(id));
    }

    /// Whether there are changes that could not be saved as a draft.
    pub(crate) fn has_failed_changes(&self) -> bool {
        self.drafts.has_failed_changes()
    }

    /// A form is about to be submitted.
    pub(crate) fn handle_submit(&self, form: &HtmlFormElement) {
        self.page.fill_in_generation(form);
    }

    /// Saves drafts, because the page may be left.
    pub(crate) fn save_drafts(&self) {
        self.drafts.save();
    }

    pub(crate) fn handle_hidden(self: &Rc<Self>) {
        self.save_drafts();
        self.handle(Monitor::handle_hidden);
    }

    /// The page is frozen or put into the back/forward cache. It disconnects from the other tabs,
    /// because it could not answer them, and their messages would be outdated when the page is
    /// restored.
    pub(crate) fn handle_put_away(self: &Rc<Self>) {
        self.save_drafts();
        self.handle(|monitor, now| {
            monitor.handle_lead(false, now);
            monitor.handle_put_away(now);
        });
        self.connection.take();
    }

    pub(crate) fn handle_return(self: &Rc<Self>) {
        self.connect();
        self.handle(Monitor::handle_return);
    }

    /// Connects to the other tabs, unless the page is connected already.
    fn connect(self: &Rc<Self>) {
        if self.connection.borrow().is_some() {
            return;
        }
        let window = self.page.window();
        let driver = Rc::clone(self);
        let tabs =
            Tabs::open(
                window,
                &self.names().tabs,
                &self.clock,
                move |received| match received {
                    Received::Message(message, age) => {
                        driver.handle(|monitor, now| monitor.handle_message(&message, age, now));
                    }
                    Received::Draft(id) => driver.drafts.written_elsewhere(&id),
                },
            );
        let driver = Rc::clone(self);
        let leader_lock =
            LeaderLock::request(window, &self.names().tabs, move || driver.become_leader());
        let has_no_locks = leader_lock.is_none();
        *self.connection.borrow_mut() = Some(TabConnection {
            tabs,
            _leader_lock: leader_lock,
        });
        if has_no_locks {
            self.become_leader();
        }
    }

    fn become_leader(self: &Rc<Self>) {
        self.handle(|monitor, now| monitor.handle_lead(true, now));
    }

    /// Passes an event with its time to the monitor, and carries out what follows from it.
    fn handle(self: &Rc<Self>, event: impl FnOnce(&mut Monitor, Instant)) {
        let reading = self.clock.read();
        {
            let mut monitor = self.monitor.borrow_mut();
            if reading.gap.is_some() {
                monitor.handle_return(reading.now);
            }
            event(&mut monitor, reading.now);
        }
        // The guard is set before the page is shown and unset only after it is concealed, so that a
        // failure in between leaves no page without a guard.
        let until = self.shown_until();
        if until.is_some() {
            self.guard(until, reading.now);
        }
        self.carry_out();
        if until.is_none() {
            self.guard(until, reading.now);
        }
        self.set_timer(reading.now);
        trace(|| self.description(reading.now));
    }

    /// Describes the state of the monitor and its next timer, for the trace.
    fn description(&self, now: Instant) -> String {
        let monitor = self.monitor.borrow();
        match monitor.poll_timeout() {
            Some((at, timer)) => format!("{:?}, {timer:?} in {:?}", monitor.state(), at.since(now)),
            None => format!("{:?}", monitor.state()),
        }
    }

    /// The instant at which the page has to be concealed, unless it is already.
    fn shown_until(&self) -> Option<Instant> {
        let monitor = self.monitor.borrow();
        match monitor.state() {
            State::Active | State::Warning => Some(monitor.told_deadline().0),
            State::Confirming | State::Unreachable | State::SigningOut | State::Ended(_) => None,
        }
    }

    /// Sets the deadline of the page's guard, if it has changed.
    fn guard(&self, until: Option<Instant>, now: Instant) {
        if self.guard_deadline.replace(Some(until)) != Some(until) {
            self.page.guard(until.map(|until| until.since(now)));
        }
    }

    fn carry_out(self: &Rc<Self>) {
        loop {
            let action = self.monitor.borrow_mut().poll_action();
            if action.is_some() {
                trace(|| format!("{action:?}"));
            }
            match action {
                Some(Action::Show(screen)) => self.show(screen),
                Some(Action::Send(request)) => self.send(request),
                Some(Action::Tell(message)) => self.announce(&message),
                Some(Action::Adopt(generation)) => {
                    self.generation.set(generation);
                    self.page.adopt(generation);
                }
                Some(Action::Leave(reason)) => self.page.leave(reason),
                None => return,
            }
        }
    }

    /// Shows the screen. Drafts are saved before the page is concealed, and what could not be saved
    /// then is saved once the page is revealed.
    fn show(&self, screen: Screen) {
        // When the user signs out, drafts are saved before the request is sent.
        let is_signing_out = matches!(screen, Screen::Concealed(Concealed::SigningOut { .. }));
        if matches!(screen, Screen::Concealed(_)) && !is_signing_out {
            self.drafts.save();
        }
        self.page.show(screen);
        if matches!(screen, Screen::Page) {
            self.drafts.save_soon(|id| self.announce_draft(id));
        }
        (self.show)(screen);
    }

    fn announce(&self, message: &Message) {
        self.with_tabs(|tabs| tabs.send(message));
    }

    fn with_tabs(&self, announce: impl FnOnce(&Tabs)) {
        let connection = self.connection.borrow();
        if let Some(tabs) = connection
            .as_ref()
            .and_then(|connection| connection.tabs.as_ref())
        {
            announce(tabs);
        }
    }

    fn send(self: &Rc<Self>, request: Request) {
        let driver = Rc::clone(self);
        spawn_local(async move {
            if request.purpose == Purpose::SignOut {
                driver.drafts.save_before_sign_out().await;
            }
            let outcome = server::ask(driver.names(), request.purpose, driver.generation()).await;
            driver.handle(|monitor, now| match outcome {
                Outcome::Answered(status) => monitor.handle_answer(request.attempt, &status, now),
                Outcome::Refused => monitor.handle_refused(request.attempt, now),
                Outcome::Failed => monitor.handle_failed(request.attempt, now),
            });
        });
    }

    /// Sets the timer, unless one is set that fires early enough.
    fn set_timer(self: &Rc<Self>, now: Instant) {
        let due_at = self
            .monitor
            .borrow()
            .poll_timeout()
            .map(|(due_at, _)| due_at.min(now + self.longest_timer()));
        let mut timer = self.timer.borrow_mut();
        let is_set = match (timer.as_ref(), due_at) {
            (Some(timer), Some(due_at)) => timer.due_at <= due_at,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_set {
            return;
        }
        *timer = due_at.map(|due_at| {
            let driver = Rc::clone(self);
            let delay_ms = u32::try_from(due_at.since(now).as_millis()).unwrap_or(u32::MAX);
            let timeout = Timeout::new(delay_ms, move || {
                driver.timer.borrow_mut().take();
                driver.handle(Monitor::handle_timeout);
            });
            Timer {
                due_at,
                _timeout: timeout,
            }
        });
    }

    fn longest_timer(&self) -> Duration {
        if self.page.is_visible() {
            LONGEST_TIMER_IN_SIGHT
        } else {
            LONGEST_TIMER
        }
    }
}

/// Writes a message to the console, in builds with the feature `trace`.
fn trace(message: impl FnOnce() -> String) {
    #[cfg(feature = "trace")]
    web_sys::console::debug_2(&"dwell".into(), &message().into());
    #[cfg(not(feature = "trace"))]
    drop(message);
}
