//! Makes a plan from a seed.

use std::time::Duration;

use fastrand::Rng;

use super::{
    clock::ClockPlan,
    dice::{Decision, dice},
    network::Weather,
    plan::{Accident, Deed, MachinePlan, Person, Place, Plan, Step, Trouble, What, Whim, start},
};
use crate::{Checks, Instant, Limits, Policy, whole_millis};

const HALF_A_YEAR_MS: i64 = 183 * 24 * 60 * 60 * 1_000;
const LID_CLOSES_WITHIN: Duration = Duration::from_millis(300);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(90);

/// No plan is longer, so that one with timeouts of hours does not take all the time there is.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 60);

impl Plan {
    /// The plan that follows from `seed`.
    pub(super) fn from_seed(seed: u64) -> Self {
        let mut draw = Draw {
            dice: dice(seed, Decision::Plan, [0; 3]),
            is_flaky: false,
            steps: Vec::new(),
        };
        let policy = draw.policy();
        let weather = draw.weather();
        draw.is_flaky = draw.dice.u8(..3) == 0;
        let is_sleepy = draw.dice.u8(..3) == 0;
        let machines: Vec<_> = match draw.dice.u8(..8) {
            0 => vec![draw.machine(Person::Ada, 12)],
            1..=4 => vec![draw.machine(Person::Ada, 4)],
            5..=6 => vec![draw.machine(Person::Ada, 3), draw.machine(Person::Ada, 2)],
            _ => vec![draw.machine(Person::Ada, 3), draw.machine(Person::Ben, 3)],
        };

        let spans = draw.dice.u32(2..7);
        let length = (policy.idle() * spans).max(policy.absolute().mul_f64(draw.dice.f64()));
        let ends_at = start() + length.min(LONGEST);
        for (number, machine) in machines.iter().enumerate() {
            draw.user(number, machine, &policy, ends_at);
            draw.browser(number, machine, &policy, ends_at);
            draw.accidents(number, is_sleepy, &policy, ends_at);
        }
        if draw.is_flaky {
            draw.troubles(&policy, ends_at);
        }

        let mut steps = draw.steps;
        steps.sort_by_key(|step| step.at);
        for (number, step) in (0..).zip(&mut steps) {
            step.number = number;
        }
        Self {
            seed,
            policy,
            weather,
            machines,
            steps,
            ends_at,
        }
    }
}

struct Draw {
    dice: Rng,
    /// Whether the server and its store fail at times.
    is_flaky: bool,
    steps: Vec<Step>,
}

impl Draw {
    /// Draws until the limits keep the rules.
    fn policy(&mut self) -> Policy {
        loop {
            if let Ok(policy) = Policy::new(self.limits(), None, Checks::Warn) {
                return policy;
            }
        }
    }

    fn limits(&mut self) -> Limits {
        let dice = &mut self.dice;
        let idle_ms = match dice.u8(..4) {
            0 => dice.u64(2_000..30_000),
            1 | 2 => dice.u64(60_000..1_800_000),
            _ => dice.u64(1_800_000..14_400_000),
        };
        let warning_ms = match dice.bool() {
            true => idle_ms / dice.u64(3..20),
            false => (idle_ms / 3).min(120_000),
        };
        let grace_ms = (warning_ms / dice.u64(2..10)).clamp(1, 10_000);
        let periods = if dice.u8(..3) == 0 { 1..3 } else { 3..14 };
        let absolute_ms = idle_ms * dice.u64(periods) + dice.u64(1..idle_ms);
        Limits {
            idle: Duration::from_millis(idle_ms),
            absolute: Duration::from_millis(absolute_ms),
            warning: Duration::from_millis(warning_ms),
            grace: Duration::from_millis(grace_ms),
        }
    }

    fn weather(&mut self) -> Weather {
        match self.dice.u8(..4) {
            0 | 1 => Weather::WIRED,
            2 => Weather::MOBILE,
            _ => Weather::HOSTILE,
        }
    }

    fn machine(&mut self, person: Person, most_tabs: usize) -> MachinePlan {
        let dice = &mut self.dice;
        let tabs = dice.usize(1..=most_tabs);
        let is_sound = dice.bool();
        let drift = if is_sound { 20 } else { 400 };
        MachinePlan {
            person,
            tabs,
            windows: if tabs > 1 { dice.usize(1..=2) } else { 1 },
            clock: ClockPlan {
                skew_ms: if is_sound {
                    0
                } else {
                    dice.i64(-HALF_A_YEAR_MS..HALF_A_YEAR_MS)
                },
                wall_drift_ppm: dice.i64(-drift..=drift),
                monotonic_drift_ppm: dice.i64(-drift..=drift),
                monotonic_sleeps: dice.u8(..4) != 0,
            },
            has_locks: dice.u8(..8) != 0,
            has_channel: dice.u8(..8) != 0,
            tells_of_wake_up: dice.bool(),
        }
    }

    /// Work and absence take turns. Absences are often about as long as it takes to be warned, to
    /// be concealed or to be signed out.
    fn user(&mut self, number: usize, machine: &MachinePlan, policy: &Policy, ends_at: Instant) {
        let idle = policy.idle();
        let mut now = start() + self.up_to(idle / 20);
        while now < ends_at {
            let place = self.place(number, machine);
            let work = match self.dice.u8(..8) {
                0 | 1 => self.up_to(idle / 50),
                2..6 => self.up_to(idle / 2),
                6 => self.up_to(idle * 2),
                _ => self.up_to(policy.absolute()),
            };
            let every = (work / self.dice.u32(1..60)).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            let heeds = self.dice.u8(..4) != 0;
            self.step(now, work, What::Deed(place, Deed::Work { every, heeds }));
            for _ in 0..self.dice.u8(..4) {
                let at = now + self.up_to(work);
                self.deed(at, number, machine, policy);
            }
            now = now + work;

            let told = idle - policy.grace();
            let absence = match self.dice.u8(..8) {
                0 | 1 => self.up_to(idle / 5),
                2 => told - policy.warning() + self.up_to(policy.warning() / 2),
                3 => told - self.up_to(policy.warning()),
                4 => told.saturating_sub(policy.grace()) + self.up_to(policy.grace() * 3),
                5 => idle + self.up_to(Duration::from_secs(2)),
                _ => self.up_to(idle * 2),
            };
            if self.dice.u8(..4) == 0 {
                self.step(now, absence, What::Deed(place, Deed::LookAway));
            }
            now = now + absence;
        }
    }

    fn deed(&mut self, at: Instant, number: usize, machine: &MachinePlan, policy: &Policy) {
        let idle = policy.idle();
        let place = self.place(number, machine);
        let deed = match self.dice.u8(..20) {
            0..6 => Deed::Navigate,
            6..10 => Deed::Submit,
            10 => Deed::SignIn(Person::Ada),
            11 => Deed::SignIn(Person::Ben),
            12 => Deed::SignOut,
            13 => Deed::RevokeOthers,
            14 => Deed::Close,
            _ => Deed::Work {
                every: self.up_to(idle / 20).max(SHORTEST_PAUSE),
                heeds: true,
            },
        };
        let lasts = self.up_to(idle / 10);
        self.step(at, lasts, What::Deed(place, deed));
        if self.dice.u8(..10) == 0 {
            // The lid is closed while the answer is under way.
            let at = at + self.up_to(LID_CLOSES_WITHIN);
            let asleep = self.absence(policy);
            self.step(at, asleep, What::Accident(number, Accident::Suspend));
        }
        if self.is_flaky && self.dice.u8(..3) == 0 {
            self.fail_before_write(at, place, policy);
        }
    }

    /// The user does something again, and the server or its store fails while that is deferred.
    fn fail_before_write(&mut self, at: Instant, place: Place, policy: &Policy) {
        let (idle, grace) = (policy.idle(), policy.grace());
        let again = at + self.up_to(grace);
        self.step(again, Duration::ZERO, What::Deed(place, Deed::Navigate));
        let (trouble, lasts) = match self.dice.u8(..4) {
            0 => (Trouble::StoreFails, self.up_to(idle.mul_f64(1.2))),
            _ => (Trouble::Restart { crash: true }, self.up_to(idle / 10)),
        };
        let at = again + self.up_to(grace);
        self.step(at, lasts, What::Trouble(trouble));
    }

    fn browser(&mut self, number: usize, machine: &MachinePlan, policy: &Policy, ends_at: Instant) {
        let mut now = start();
        loop {
            now = now + self.up_to(policy.idle() * 2);
            if now >= ends_at {
                return;
            }
            let place = self.place(number, machine);
            let whim = match self.dice.u8(..10) {
                0..4 => Whim::Poll,
                4 => Whim::Reload,
                5 | 6 => Whim::Freeze,
                7 | 8 => Whim::PutAway,
                _ => Whim::Discard,
            };
            let lasts = self.up_to(policy.idle().mul_f64(1.5));
            self.step(now, lasts, What::Whim(place, whim));
        }
    }

    fn accidents(&mut self, machine: usize, is_sleepy: bool, policy: &Policy, ends_at: Instant) {
        let idle = policy.idle();
        let pause = if is_sleepy { idle } else { idle * 8 };
        let mut now = start();
        loop {
            now = now + self.up_to(pause);
            if now >= ends_at {
                return;
            }
            let (accident, lasts) = match self.dice.u8(..6) {
                0..3 => (Accident::Suspend, self.absence(policy)),
                3 | 4 => (Accident::Offline, self.up_to(idle)),
                _ => {
                    let by = idle.mul_f64(1.2);
                    let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                    let by_ms = self.dice.i64(-by_ms..by_ms);
                    (Accident::StepClock { by_ms }, Duration::ZERO)
                }
            };
            self.step(now, lasts, What::Accident(machine, accident));
        }
    }

    fn troubles(&mut self, policy: &Policy, ends_at: Instant) {
        let idle = policy.idle();
        let mut now = start();
        loop {
            now = now + self.up_to(idle * 3);
            if now >= ends_at {
                return;
            }
            let (trouble, lasts) = match self.dice.u8(..8) {
                0..3 => (Trouble::Storm(Weather::HOSTILE), self.up_to(idle)),
                3 => (Trouble::Restart { crash: false }, self.up_to(idle / 10)),
                4 | 5 => (Trouble::Restart { crash: true }, self.up_to(idle / 10)),
                _ => (Trouble::StoreFails, self.up_to(idle.mul_f64(1.2))),
            };
            self.step(now, lasts, What::Trouble(trouble));
        }
    }

    fn absence(&mut self, policy: &Policy) -> Duration {
        match self.dice.u8(..3) {
            0 => self.up_to(Duration::from_millis(500)),
            1 => self.up_to(policy.idle()),
            _ => self.up_to(policy.absolute() / 2),
        }
    }

    fn place(&mut self, machine: usize, plan: &MachinePlan) -> Place {
        let tab = self.dice.usize(..plan.tabs);
        Place { machine, tab }
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        let longest = whole_millis(longest);
        Duration::from_millis(self.dice.u64(..=longest))
    }

    fn step(&mut self, at: Instant, lasts: Duration, what: What) {
        self.steps.push(Step {
            number: 0,
            at,
            lasts,
            what,
        });
    }
}
