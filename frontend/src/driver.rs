//! Carries out what the monitor says.

use std::{cell::RefCell, rc::Rc, time::Duration};

use dwell_session::{Action, ActiveStatus, Generation, Instant, Monitor, Request, Screen};
use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;

use crate::{
    clock::Clock,
    page::Page,
    server::{self, Outcome},
};

/// `setTimeout` fires at once when it is asked to wait longer. A timer that fires early is harmless.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

/// The monitor of this page, with its clock, its one timer, and the page itself.
pub(crate) struct Driver {
    monitor: RefCell<Monitor>,
    clock: Clock,
    timer: RefCell<Option<Timer>>,
    page: Page,
    generation: Generation,
    show: Box<dyn Fn(Screen)>,
}

struct Timer {
    due_at: Instant,
    _timeout: Timeout,
}

impl Driver {
    /// Begins with the status that came with the page. `show` is told what is to be seen over it.
    pub(crate) fn start(
        page: Page,
        status: &ActiveStatus,
        show: impl Fn(Screen) + 'static,
    ) -> Rc<Self> {
        let clock = Clock::start(page.performance());
        let now = clock.read().now;
        let driver = Rc::new(Self {
            monitor: RefCell::new(Monitor::new(status, Clock::NAVIGATION, now)),
            clock,
            timer: RefCell::new(None),
            page,
            generation: status.generation,
            show: Box::new(show),
        });
        driver.handle(Monitor::handle_timeout);
        driver
    }

    pub(crate) fn activity(self: &Rc<Self>) {
        self.handle(Monitor::handle_activity);
    }

    pub(crate) fn stay(self: &Rc<Self>) {
        self.handle(Monitor::handle_stay);
    }

    pub(crate) fn hidden(self: &Rc<Self>) {
        self.handle(Monitor::handle_hidden);
    }

    pub(crate) fn put_away(self: &Rc<Self>) {
        self.handle(Monitor::handle_put_away);
    }

    pub(crate) fn returned(self: &Rc<Self>) {
        self.handle(Monitor::handle_return);
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
        self.carry_out();
        self.set_timer(reading.now);
    }

    fn carry_out(self: &Rc<Self>) {
        loop {
            let action = self.monitor.borrow_mut().poll_action();
            match action {
                Some(Action::Show(screen)) => {
                    self.page.show(screen);
                    (self.show)(screen);
                }
                Some(Action::Send(request)) => self.send(request),
                Some(Action::Leave(reason)) => self.page.leave(reason),
                None => return,
            }
        }
    }

    fn send(self: &Rc<Self>, request: Request) {
        let driver = Rc::clone(self);
        spawn_local(async move {
            let outcome = server::ask(request.purpose, driver.generation).await;
            driver.handle(|monitor, now| match outcome {
                Outcome::Answered(status) => monitor.handle_answer(request.attempt, &status, now),
                Outcome::Refused => monitor.handle_refused(request.attempt, now),
                Outcome::Failed => monitor.handle_failed(request.attempt, now),
            });
        });
    }

    /// Leaves a timer alone that is already set for the instant.
    fn set_timer(self: &Rc<Self>, now: Instant) {
        let due_at = self
            .monitor
            .borrow()
            .poll_timeout()
            .map(|(due_at, _)| due_at);
        let mut timer = self.timer.borrow_mut();
        if timer.as_ref().map(|timer| timer.due_at) == due_at {
            return;
        }
        *timer = due_at.map(|due_at| {
            let driver = Rc::clone(self);
            let delay = due_at.since(now).min(LONGEST_TIMER);
            let delay_ms = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX);
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
}
