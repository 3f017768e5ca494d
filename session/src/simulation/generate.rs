//! Generates a plan from a seed.

use std::time::Duration;

use fastrand::Rng;

use super::{
    clock::ClockPlan,
    network::NetworkQuality,
    plan::{
        BrowserAction, Fault, MachineEvent, MachinePlan, Person, Place, Plan, Step, StepKind,
        UserAction, start,
    },
    random::{Decision, rng},
};
use crate::{Checks, Instant, Limits, Policy, whole_millis};

const HALF_A_YEAR_MS: i64 = 183 * 24 * 60 * 60 * 1_000;
const SUSPENDED_WITHIN: Duration = Duration::from_millis(300);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(90);

/// The longest duration of a plan, so that plans with timeouts of hours do not take too long.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 60);

impl Plan {
    /// Generates the plan of `seed`.
    pub(super) fn from_seed(seed: u64) -> Self {
        let mut generator = Generator {
            rng: rng(seed, Decision::Plan, [0; 3]),
            is_flaky: false,
            steps: Vec::new(),
        };
        let policy = generator.policy();
        let network = generator.network();
        generator.is_flaky = generator.rng.u8(..3) == 0;
        let is_sleepy = generator.rng.u8(..3) == 0;
        let machines: Vec<_> = match generator.rng.u8(..8) {
            0 => vec![generator.machine(Person::Ada, 12)],
            1..=4 => vec![generator.machine(Person::Ada, 4)],
            5..=6 => vec![
                generator.machine(Person::Ada, 3),
                generator.machine(Person::Ada, 2),
            ],
            _ => vec![
                generator.machine(Person::Ada, 3),
                generator.machine(Person::Ben, 3),
            ],
        };

        let spans = generator.rng.u32(2..7);
        let length = (policy.idle() * spans).max(policy.absolute().mul_f64(generator.rng.f64()));
        let ends_at = start() + length.min(LONGEST);
        for (number, machine) in machines.iter().enumerate() {
            generator.user(number, machine, &policy, ends_at);
            generator.browser(number, machine, &policy, ends_at);
            generator.machine_events(number, is_sleepy, &policy, ends_at);
        }
        if generator.is_flaky {
            generator.faults(&policy, ends_at);
        }

        let mut steps = generator.steps;
        steps.sort_by_key(|step| step.at);
        for (number, step) in (0..).zip(&mut steps) {
            step.number = number;
        }
        Self {
            seed,
            policy,
            network,
            machines,
            steps,
            ends_at,
        }
    }
}

struct Generator {
    rng: Rng,
    /// Whether the server and its store sometimes fail.
    is_flaky: bool,
    steps: Vec<Step>,
}

impl Generator {
    /// Generates limits until they keep the rules.
    fn policy(&mut self) -> Policy {
        loop {
            if let Ok(policy) = Policy::new(self.limits(), None, Checks::Warn) {
                return policy;
            }
        }
    }

    fn limits(&mut self) -> Limits {
        let rng = &mut self.rng;
        let idle_ms = match rng.u8(..4) {
            0 => rng.u64(2_000..30_000),
            1 | 2 => rng.u64(60_000..1_800_000),
            _ => rng.u64(1_800_000..14_400_000),
        };
        let warning_ms = match rng.bool() {
            true => idle_ms / rng.u64(3..20),
            false => (idle_ms / 3).min(120_000),
        };
        let grace_ms = (warning_ms / rng.u64(2..10)).clamp(1, 10_000);
        let periods = if rng.u8(..3) == 0 { 1..3 } else { 3..14 };
        let absolute_ms = idle_ms * rng.u64(periods) + rng.u64(1..idle_ms);
        Limits {
            idle: Duration::from_millis(idle_ms),
            absolute: Duration::from_millis(absolute_ms),
            warning: Duration::from_millis(warning_ms),
            grace: Duration::from_millis(grace_ms),
        }
    }

    fn network(&mut self) -> NetworkQuality {
        match self.rng.u8(..4) {
            0 | 1 => NetworkQuality::WIRED,
            2 => NetworkQuality::MOBILE,
            _ => NetworkQuality::HOSTILE,
        }
    }

    fn machine(&mut self, person: Person, most_tabs: usize) -> MachinePlan {
        let rng = &mut self.rng;
        let tabs = rng.usize(1..=most_tabs);
        let is_sound = rng.bool();
        let drift = if is_sound { 20 } else { 400 };
        MachinePlan {
            person,
            tabs,
            windows: if tabs > 1 { rng.usize(1..=2) } else { 1 },
            clock: ClockPlan {
                skew_ms: if is_sound {
                    0
                } else {
                    rng.i64(-HALF_A_YEAR_MS..HALF_A_YEAR_MS)
                },
                wall_drift_ppm: rng.i64(-drift..=drift),
                monotonic_drift_ppm: rng.i64(-drift..=drift),
                monotonic_sleeps: rng.u8(..4) != 0,
            },
            has_locks: rng.u8(..8) != 0,
            has_channel: rng.u8(..8) != 0,
            tells_of_wake_up: rng.bool(),
        }
    }

    /// The user alternates between work and absence. Absences are often about as long as it takes
    /// until the user is warned, the page is concealed, or the session ends.
    fn user(&mut self, number: usize, machine: &MachinePlan, policy: &Policy, ends_at: Instant) {
        let idle = policy.idle();
        let mut now = start() + self.random_up_to(idle / 20);
        while now < ends_at {
            let place = self.place(number, machine);
            let work = match self.rng.u8(..8) {
                0 | 1 => self.random_up_to(idle / 50),
                2..6 => self.random_up_to(idle / 2),
                6 => self.random_up_to(idle * 2),
                _ => self.random_up_to(policy.absolute()),
            };
            let every = (work / self.rng.u32(1..60)).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            let stays_signed_in = self.rng.u8(..4) != 0;
            self.step(
                now,
                work,
                StepKind::User(
                    place,
                    UserAction::Work {
                        every,
                        stays_signed_in,
                    },
                ),
            );
            for _ in 0..self.rng.u8(..4) {
                let at = now + self.random_up_to(work);
                self.user_action(at, number, machine, policy);
            }
            now = now + work;

            let told = idle - policy.grace();
            let absence = match self.rng.u8(..8) {
                0 | 1 => self.random_up_to(idle / 5),
                2 => told - policy.warning() + self.random_up_to(policy.warning() / 2),
                3 => told - self.random_up_to(policy.warning()),
                4 => told.saturating_sub(policy.grace()) + self.random_up_to(policy.grace() * 3),
                5 => idle + self.random_up_to(Duration::from_secs(2)),
                _ => self.random_up_to(idle * 2),
            };
            if self.rng.u8(..4) == 0 {
                self.step(now, absence, StepKind::User(place, UserAction::LookAway));
            }
            now = now + absence;
        }
    }

    fn user_action(&mut self, at: Instant, number: usize, machine: &MachinePlan, policy: &Policy) {
        let idle = policy.idle();
        let place = self.place(number, machine);
        let user_action = match self.rng.u8(..20) {
            0..6 => UserAction::Navigate,
            6..10 => UserAction::Submit,
            10 => UserAction::SignIn(Person::Ada),
            11 => UserAction::SignIn(Person::Ben),
            12 => UserAction::SignOut,
            13 => UserAction::RevokeOthers,
            14 => UserAction::Close,
            _ => UserAction::Work {
                every: self.random_up_to(idle / 20).max(SHORTEST_PAUSE),
                stays_signed_in: true,
            },
        };
        let lasts = self.random_up_to(idle / 10);
        self.step(at, lasts, StepKind::User(place, user_action));
        if self.rng.u8(..10) == 0 {
            // The machine is suspended while the answer is under way.
            let at = at + self.random_up_to(SUSPENDED_WITHIN);
            let asleep = self.absence(policy);
            self.step(at, asleep, StepKind::Machine(number, MachineEvent::Suspend));
        }
        if self.is_flaky && self.rng.u8(..3) == 0 {
            self.fail_before_write(at, place, policy);
        }
    }

    /// The user is active again, and then the server or its store fails while that touch is
    /// deferred.
    fn fail_before_write(&mut self, at: Instant, place: Place, policy: &Policy) {
        let (idle, grace) = (policy.idle(), policy.grace());
        let again = at + self.random_up_to(grace);
        self.step(
            again,
            Duration::ZERO,
            StepKind::User(place, UserAction::Navigate),
        );
        let (fault, lasts) = match self.rng.u8(..4) {
            0 => (Fault::StoreFails, self.random_up_to(idle.mul_f64(1.2))),
            _ => (Fault::Restart { crash: true }, self.random_up_to(idle / 10)),
        };
        let at = again + self.random_up_to(grace);
        self.step(at, lasts, StepKind::Fault(fault));
    }

    fn browser(&mut self, number: usize, machine: &MachinePlan, policy: &Policy, ends_at: Instant) {
        let mut now = start();
        loop {
            now = now + self.random_up_to(policy.idle() * 2);
            if now >= ends_at {
                return;
            }
            let place = self.place(number, machine);
            let action = match self.rng.u8(..10) {
                0..4 => BrowserAction::Poll,
                4 => BrowserAction::Reload,
                5 | 6 => BrowserAction::Freeze,
                7 | 8 => BrowserAction::PutAway,
                _ => BrowserAction::Discard,
            };
            let lasts = self.random_up_to(policy.idle().mul_f64(1.5));
            self.step(now, lasts, StepKind::Browser(place, action));
        }
    }

    fn machine_events(
        &mut self,
        machine: usize,
        is_sleepy: bool,
        policy: &Policy,
        ends_at: Instant,
    ) {
        let idle = policy.idle();
        let pause = if is_sleepy { idle } else { idle * 8 };
        let mut now = start();
        loop {
            now = now + self.random_up_to(pause);
            if now >= ends_at {
                return;
            }
            let (event, lasts) = match self.rng.u8(..6) {
                0..3 => (MachineEvent::Suspend, self.absence(policy)),
                3 | 4 => (MachineEvent::Offline, self.random_up_to(idle)),
                _ => {
                    let by = idle.mul_f64(1.2);
                    let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                    let by_ms = self.rng.i64(-by_ms..by_ms);
                    (MachineEvent::StepClock { by_ms }, Duration::ZERO)
                }
            };
            self.step(now, lasts, StepKind::Machine(machine, event));
        }
    }

    fn faults(&mut self, policy: &Policy, ends_at: Instant) {
        let idle = policy.idle();
        let mut now = start();
        loop {
            now = now + self.random_up_to(idle * 3);
            if now >= ends_at {
                return;
            }
            let (fault, lasts) = match self.rng.u8(..8) {
                0..3 => (
                    Fault::Storm(NetworkQuality::HOSTILE),
                    self.random_up_to(idle),
                ),
                3 => (
                    Fault::Restart { crash: false },
                    self.random_up_to(idle / 10),
                ),
                4 | 5 => (Fault::Restart { crash: true }, self.random_up_to(idle / 10)),
                _ => (Fault::StoreFails, self.random_up_to(idle.mul_f64(1.2))),
            };
            self.step(now, lasts, StepKind::Fault(fault));
        }
    }

    fn absence(&mut self, policy: &Policy) -> Duration {
        match self.rng.u8(..3) {
            0 => self.random_up_to(Duration::from_millis(500)),
            1 => self.random_up_to(policy.idle()),
            _ => self.random_up_to(policy.absolute() / 2),
        }
    }

    fn place(&mut self, machine: usize, plan: &MachinePlan) -> Place {
        let tab = self.rng.usize(..plan.tabs);
        Place { machine, tab }
    }

    fn random_up_to(&mut self, longest: Duration) -> Duration {
        let longest = whole_millis(longest);
        Duration::from_millis(self.rng.u64(..=longest))
    }

    fn step(&mut self, at: Instant, lasts: Duration, kind: StepKind) {
        self.steps.push(Step {
            number: 0,
            at,
            lasts,
            kind,
        });
    }
}
