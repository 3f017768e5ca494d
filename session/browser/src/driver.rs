//! Carries out what the monitor says.

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
    lead::Lead,
    page::Page,
    server::{self, Outcome},
    tabs::{Heard, Tabs},
};

/// `setTimeout` fires at once when it is asked to wait longer. A timer that fires early is harmless.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

/// While the page can be seen. A machine that wakes up fires timers late by the time that it slept,
/// and may send no event at all.
const LONGEST_TIMER_IN_SIGHT: Duration = Duration::from_secs(1);

/// The monitor of this page, with its clock, its one timer, its ties to the other tabs, and the
/// page itself.
pub(crate) struct Driver {
    monitor: RefCell<Monitor>,
    clock: Rc<Clock>,
    timer: RefCell<Option<Timer>>,
    /// What the guard of the page was told last, if anything: the instant at which it closes the
    /// page, or none while the page is concealed.
    guarded: Cell<Option<Option<Instant>>>,
    ties: RefCell<Option<Ties>>,
    page: Rc<Page>,
    drafts: Drafts,
    generation: Cell<Generation>,
    show: Box<dyn Fn(Screen)>,
}

/// What binds a page to the other tabs, unless it is put away.
struct Ties {
    tabs: Option<Tabs>,
    _lead: Option<Lead>,
}

struct Timer {
    due_at: Instant,
    _timeout: Timeout,
}

impl Driver {
    /// Begins with the status that came with the page. `prepare` is called with what is fetched
    /// before it comes into the page, and `show` with what is to be seen over it.
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
            guarded: Cell::new(None),
            ties: RefCell::new(None),
            drafts: Drafts::of(&page, prepare),
            page,
            generation: Cell::new(status.generation),
            show: Box::new(show),
        });
        driver.tie();
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

    /// How one signs in from the page.
    pub(crate) fn sign_in(&self) -> SignIn {
        self.page.sign_in()
    }

    pub(crate) fn activity(self: &Rc<Self>) {
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

    /// Leaves the page for where one signs in, if the server is there. Tells whether it is.
    pub(crate) async fn start_afresh(&self) -> bool {
        let outcome = server::ask(self.names(), Purpose::Status, self.generation()).await;
        let is_reached = !matches!(outcome, Outcome::Failed);
        if is_reached {
            self.page.go_to_sign_in();
        }
        is_reached
    }

    pub(crate) fn signed_in(self: &Rc<Self>) {
        self.handle(Monitor::handle_signed_in);
    }

    /// Something was typed at `at`.
    pub(crate) fn typed(&self, at: Option<&Node>) {
        self.drafts.typed(at, |id| self.tell_draft(id));
    }

    fn tell_draft(&self, id: &str) {
        self.with_tabs(|tabs| tabs.tell_draft(id));
    }

    /// Whether something was typed that cannot be kept at the moment.
    pub(crate) fn has_unkept(&self) -> bool {
        self.drafts.has_unkept()
    }

    /// A form is about to be sent.
    pub(crate) fn sending(&self, form: &HtmlFormElement) {
        self.page.fill_in_generation(form);
    }

    /// The page may be left.
    pub(crate) fn leaving(&self) {
        self.drafts.save();
    }

    pub(crate) fn hidden(self: &Rc<Self>) {
        self.leaving();
        self.handle(Monitor::handle_hidden);
    }

    /// A page that is put away lets go of the other tabs: it could not answer them, and what they
    /// say meanwhile is old when it comes back.
    pub(crate) fn put_away(self: &Rc<Self>) {
        self.leaving();
        self.handle(|monitor, now| {
            monitor.handle_lead(false, now);
            monitor.handle_put_away(now);
        });
        self.ties.take();
    }

    pub(crate) fn returned(self: &Rc<Self>) {
        self.tie();
        self.handle(Monitor::handle_return);
    }

    /// Joins the other tabs, unless it has.
    fn tie(self: &Rc<Self>) {
        if self.ties.borrow().is_some() {
            return;
        }
        let window = self.page.window();
        let driver = Rc::clone(self);
        let tabs = Tabs::open(
            window,
            &self.names().tabs,
            &self.clock,
            move |heard| match heard {
                Heard::Message(message, age) => {
                    driver.handle(|monitor, now| monitor.handle_message(&message, age, now));
                }
                Heard::Draft(id) => driver.drafts.written_elsewhere(&id),
            },
        );
        let driver = Rc::clone(self);
        let lead = Lead::apply(window, &self.names().tabs, move || driver.leads());
        let is_alone = lead.is_none();
        *self.ties.borrow_mut() = Some(Ties { tabs, _lead: lead });
        if is_alone {
            self.leads();
        }
    }

    fn leads(self: &Rc<Self>) {
        self.handle(|monitor, now| monitor.handle_lead(true, now));
    }

    /// Hands the monitor an event with its time, then does what follows from it.
    fn handle(self: &Rc<Self>, event: impl FnOnce(&mut Monitor, Instant)) {
        let reading = self.clock.read();
        {
            let mut monitor = self.monitor.borrow_mut();
            if reading.gap.is_some() {
                monitor.handle_return(reading.now);
            }
            event(&mut monitor, reading.now);
        }
        // The guard is there whenever the page is, whatever fails in between.
        let until = self.shown_until();
        if until.is_some() {
            self.guard(until, reading.now);
        }
        self.carry_out();
        if until.is_none() {
            self.guard(until, reading.now);
        }
        self.set_timer(reading.now);
        trace(|| self.described(reading.now));
    }

    /// The state that the monitor is in, and when and why it is called next.
    fn described(&self, now: Instant) -> String {
        let monitor = self.monitor.borrow();
        match monitor.poll_timeout() {
            Some((at, timer)) => format!("{:?}, {timer:?} in {:?}", monitor.state(), at.since(now)),
            None => format!("{:?}", monitor.state()),
        }
    }

    /// The instant at which the page is to be concealed, unless it is concealed already.
    fn shown_until(&self) -> Option<Instant> {
        let monitor = self.monitor.borrow();
        match monitor.state() {
            State::Active | State::Warning => Some(monitor.told_deadline().0),
            State::Confirming | State::Unreachable | State::SigningOut | State::Ended(_) => None,
        }
    }

    /// Moves the deadline of the page's own guard, where it is another.
    fn guard(&self, until: Option<Instant>, now: Instant) {
        if self.guarded.replace(Some(until)) != Some(until) {
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
                Some(Action::Tell(message)) => self.tell(&message),
                Some(Action::Adopt(generation)) => {
                    self.generation.set(generation);
                    self.page.adopt(generation);
                }
                Some(Action::Leave(reason)) => self.page.leave(reason),
                None => return,
            }
        }
    }

    /// Saves what was typed before it is out of sight, and what could not be saved then once it is
    /// in sight again.
    fn show(&self, screen: Screen) {
        // Where the user signs out, it is saved before the server is asked.
        let is_signing_out = matches!(screen, Screen::Concealed(Concealed::SigningOut { .. }));
        if matches!(screen, Screen::Concealed(_)) && !is_signing_out {
            self.drafts.save();
        }
        self.page.show(screen);
        if matches!(screen, Screen::Page) {
            self.drafts.save_soon(|id| self.tell_draft(id));
        }
        (self.show)(screen);
    }

    fn tell(&self, message: &Message) {
        self.with_tabs(|tabs| tabs.tell(message));
    }

    fn with_tabs(&self, tell: impl FnOnce(&Tabs)) {
        let ties = self.ties.borrow();
        if let Some(tabs) = ties.as_ref().and_then(|ties| ties.tabs.as_ref()) {
            tell(tabs);
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

    /// Leaves a timer alone that is set and early enough.
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

/// Writes this to the console, in a build for that.
fn trace(said: impl FnOnce() -> String) {
    #[cfg(feature = "trace")]
    web_sys::console::debug_2(&"dwell".into(), &said().into());
    #[cfg(not(feature = "trace"))]
    drop(said);
}
