//! A server and a page that share a virtual clock.

use std::time::Duration;

use super::super::{Action, Concealed, Countdown, Monitor, News, Purpose, Request, Screen};
use crate::{Checks, EndReason, Generation, Instant, Lifetime, Limits, Policy, Status};

pub(super) const fn at(millis: i64) -> Instant {
    Instant::from_millis(millis)
}

pub(super) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The policy of the tests: idle 10 minutes, absolute 2 hours, warning 1 minute, grace 5 seconds.
pub(super) fn policy() -> Policy {
    let limits = Limits {
        idle: secs(600),
        absolute: secs(7_200),
        warning: secs(60),
        grace: secs(5),
    };
    Policy::new(limits, None, Checks::Enforce).unwrap()
}

pub(super) fn generation() -> Generation {
    Generation::from_random(7)
}

/// A server and a page that share a clock, and a network with a latency of `latency` in each
/// direction.
pub(super) struct Pair {
    pub(super) policy: Policy,
    pub(super) lifetime: Lifetime,
    pub(super) ended: Option<EndReason>,
    /// Whether the browser has the session's cookie.
    pub(super) has_cookie: bool,
    pub(super) monitor: Monitor,
    pub(super) now: Instant,
    pub(super) latency: Duration,
    pub(super) online: bool,
    pub(super) screen: Screen,
    pub(super) left: Option<EndReason>,
    pub(super) told: Vec<News>,
    server_generation: Generation,
    /// The generation that the page uses.
    pub(super) generation: Generation,
    pub(super) keep_alives: Vec<Instant>,
    pub(super) status_calls: Vec<Instant>,
    pub(super) sign_outs: Vec<Instant>,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(policy(), Duration::from_millis(20))
    }

    pub(super) fn with(policy: Policy, latency: Duration) -> Self {
        let now = at(0);
        let lifetime = Lifetime::begin(now);
        let Status::Active(status) = lifetime.status(&policy, generation(), now) else {
            panic!("a session that has just begun is live");
        };
        let mut pair = Self {
            policy,
            lifetime,
            ended: None,
            has_cookie: true,
            monitor: Monitor::new(&status, now, 0, now),
            now,
            latency,
            online: true,
            screen: Screen::Page,
            left: None,
            told: Vec::new(),
            server_generation: generation(),
            generation: generation(),
            keep_alives: Vec::new(),
            status_calls: Vec::new(),
            sign_outs: Vec::new(),
        };
        pair.monitor.handle_lead(true, now);
        pair.carry_out();
        pair
    }

    /// Advances the clock to `until` and fires the monitor's timers when they are due.
    pub(super) fn run_until(&mut self, until: Instant) {
        while let Some((due, _)) = self.monitor.poll_timeout().filter(|(due, _)| *due <= until) {
            self.now = self.now.max(due);
            self.monitor.handle_timeout(self.now);
            self.carry_out();
        }
        self.now = self.now.max(until);
    }

    pub(super) fn run_for(&mut self, duration: Duration) {
        self.run_until(self.now + duration);
    }

    /// Advances the clock without firing timers, as during suspend.
    pub(super) fn sleep(&mut self, duration: Duration) {
        self.now = self.now + duration;
    }

    pub(super) fn be_active(&mut self) {
        self.monitor.handle_activity(self.now);
        self.carry_out();
    }

    pub(super) fn stay(&mut self) {
        self.monitor.handle_stay(self.now);
        self.carry_out();
    }

    pub(super) fn hide(&mut self) {
        self.monitor.handle_hidden(self.now);
        self.carry_out();
    }

    pub(super) fn restore(&mut self) {
        self.monitor.handle_return(self.now);
        self.carry_out();
    }

    pub(super) fn freeze(&mut self) {
        self.monitor.handle_put_away(self.now);
        self.carry_out();
    }

    pub(super) fn carry_out(&mut self) {
        while let Some(action) = self.monitor.poll_action() {
            match action {
                Action::Show(screen) => self.screen = screen,
                Action::Leave(reason) => self.left = Some(reason),
                Action::Send(request) => self.exchange(request),
                Action::Tell(message) => self.told.push(message.news),
                Action::Adopt(generation) => self.generation = generation,
            }
        }
    }

    /// Takes the request that the monitor wants to send, without answering it.
    pub(super) fn sent(&mut self) -> Request {
        std::iter::from_fn(|| self.monitor.poll_action())
            .find_map(|action| match action {
                Action::Send(request) => Some(request),
                _ => None,
            })
            .expect("the monitor sends a request")
    }

    pub(super) fn exchange(&mut self, request: Request) {
        match request.purpose {
            Purpose::KeepAlive { .. } => self.keep_alives.push(self.now),
            Purpose::Status => self.status_calls.push(self.now),
            Purpose::SignOut => self.sign_outs.push(self.now),
        }
        self.now = self.now + self.latency;
        if !self.online {
            return self.monitor.handle_failed(request.attempt, self.now);
        }
        let status = self.serve(request.purpose);
        self.now = self.now + self.latency;
        self.monitor
            .handle_answer(request.attempt, &status, self.now);
    }

    /// The same person signs in again.
    pub(super) fn sign_in_again(&mut self) {
        self.lifetime = Lifetime::begin(self.now);
        self.server_generation = Generation::from_random(8);
    }

    pub(super) fn serve(&mut self, purpose: Purpose) -> Status {
        if !self.has_cookie {
            return Status::Anonymous;
        }
        if let Some(reason) = self.ended.or(self.lifetime.ended(&self.policy, self.now)) {
            return Status::Ended { reason };
        }
        if purpose == Purpose::SignOut {
            let reason = EndReason::SignedOut;
            self.ended = Some(reason);
            self.has_cookie = false;
            return Status::Ended { reason };
        }
        if let Purpose::KeepAlive { idle_for } = purpose {
            let touched = self
                .lifetime
                .touched(&self.policy, self.now - idle_for, self.now);
            self.lifetime = touched.unwrap();
        }
        self.lifetime
            .status(&self.policy, self.server_generation, self.now)
    }

    /// The reason for the end of the session that the page shows.
    pub(super) fn shown_end_reason(&self) -> Option<EndReason> {
        match self.screen {
            Screen::Concealed(Concealed::Ended(reason)) => reason,
            _ => None,
        }
    }

    pub(super) fn server_deadline(&self) -> Instant {
        self.lifetime.deadline(&self.policy).at
    }

    pub(super) fn shows_content(&self) -> bool {
        matches!(self.screen, Screen::Page | Screen::Countdown(_))
    }

    pub(super) fn countdown(&self) -> Countdown {
        match self.screen {
            Screen::Countdown(countdown) => countdown,
            other => panic!("the page shows {other:?} instead of a countdown"),
        }
    }
}
