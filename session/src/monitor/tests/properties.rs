//! Properties of the monitor, tested with random sequences of events.

use std::time::Duration;

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    super::{Action, Message, Monitor, News, Screen, State, expectation::Expectation},
    pair::{Pair, at, generation, policy, secs},
};
use crate::{EndReason, Generation, Instant, Lifetime, Status};

/// An event of a page or of its network.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Act,
    Stay,
    Sleep(u64),
    Hide,
    ComeBack,
    PutAway,
    Online(bool),
    Latency(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1u64..700_000).prop_map(Step::Wait),
        4 => (1u64..70_000).prop_map(Step::Wait),
        4 => Just(Step::Act),
        2 => Just(Step::Stay),
        1 => (1u64..1_000_000).prop_map(Step::Sleep),
        1 => Just(Step::Hide),
        1 => Just(Step::ComeBack),
        1 => Just(Step::PutAway),
        1 => any::<bool>().prop_map(Step::Online),
        1 => (0u64..3_000).prop_map(Step::Latency),
    ];
    prop::collection::vec(step, 1..60)
}

fn news() -> impl Strategy<Value = News> {
    let millis = || prop_oneof![0..1_000_000u64, any::<u64>()].prop_map(Duration::from_millis);
    prop_oneof![
        millis().prop_map(|idle_for| News::Active { idle_for }),
        (millis(), prop::option::of(millis())).prop_map(|(idle_left, active_for)| News::Alive {
            idle_left,
            active_for,
        }),
        Just(News::Ended),
        Just(News::InDoubt),
    ]
}

fn messages() -> impl Strategy<Value = Message> {
    let other_generation = Just(Generation::from_random(8));
    let generations = prop_oneof![3 => Just(generation()), 1 => other_generation];
    (generations, news()).prop_map(|(generation, news)| Message { generation, news })
}

impl Pair {
    fn take(&mut self, step: &Step) {
        match *step {
            Step::Wait(millis) => self.run_for(Duration::from_millis(millis)),
            Step::Act => self.be_active(),
            Step::Stay => self.stay(),
            Step::Sleep(millis) => {
                self.sleep(Duration::from_millis(millis));
                self.restore();
            }
            Step::Hide => self.hide(),
            Step::ComeBack => self.restore(),
            Step::PutAway => self.freeze(),
            Step::Online(online) => self.online = online,
            Step::Latency(millis) => self.latency = Duration::from_millis(millis),
        }
    }
}

proptest! {
    #[test]
    fn no_ghost_and_no_early_end_and_an_honest_countdown(steps in steps()) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.take(step);
            let deadline = pair.server_deadline();
            let (told, _) = pair.monitor.told_deadline();
            prop_assert!(told <= deadline, "the told deadline is {told}, later than the deadline {deadline}");
            prop_assert!(told + pair.policy.grace() <= deadline || told == at(7_200_000));
            if pair.shows_content() {
                prop_assert!(pair.now < deadline, "content is shown at {}, after the deadline {deadline}", pair.now);
            }
            if let Some(reason) = pair.shown_end_reason() {
                prop_assert!(pair.now >= deadline, "the end is shown at {}, before the deadline {deadline}", pair.now);
                prop_assert_eq!(Some(reason), pair.lifetime.ended(&pair.policy, pair.now));
            }
            if let Screen::Countdown(countdown) = pair.screen {
                let left = deadline.since(pair.now);
                let shown = secs(countdown.seconds_left);
                let slack = pair.policy.grace() + secs(6) + secs(1);
                prop_assert!(shown <= left, "{shown:?} is shown while {left:?} is left");
                prop_assert!(shown + slack >= left, "{shown:?} is shown while {left:?} is left");
            }
        }
    }

    // I1
    #[test]
    fn the_told_deadline_is_never_later_than_the_servers(
        skew in -4_000_000_000i64..4_000_000_000,
        exchanges in prop::collection::vec((0u64..400_000, 0u64..5_000, 0u64..5_000), 1..20),
    ) {
        let policy = policy();
        let on_server = |browser: Instant| at(browser.as_millis() + skew);
        let mut now = at(0);
        let lifetime = Lifetime::begin(on_server(now));
        let mut expectation: Option<Expectation> = None;
        for (wait, there, back) in exchanges {
            now = now + Duration::from_millis(wait);
            let asked_at = now;
            now = now + Duration::from_millis(there);
            let Status::Active(status) = lifetime.status(&policy, generation(), on_server(now)) else {
                break;
            };
            now = now + Duration::from_millis(back);
            let told = match expectation {
                Some(before) => before.updated(&status, asked_at),
                None => Expectation::new(&status, asked_at),
            };
            let (told_deadline, _) = told.told_deadline();
            let deadline = lifetime.deadline(&policy).at;
            prop_assert!(on_server(told_deadline) <= deadline - policy.grace());
            prop_assert!(on_server(told_deadline) + Duration::from_millis(there) + policy.grace() >= deadline
                || status.idle_remaining.is_zero());
            expectation = Some(told);
        }
    }

    #[test]
    fn activity_preserves(steps in steps()) {
        let mut pair = Pair::new();
        let mut acted_at = at(0);
        for step in &steps {
            if matches!(step, Step::Sleep(_)) && pair.monitor.unreported.is_some() {
                return Ok(());
            }
            let counts = matches!(step, Step::Act) && pair.screen == Screen::Page;
            pair.take(step);
            if counts && pair.monitor.state() == State::Active {
                acted_at = pair.now;
            }
            if pair.shown_end_reason() == Some(EndReason::IdleTimeout) && pair.monitor.unreported.is_none() {
                let promised = acted_at + pair.policy.idle();
                prop_assert!(pair.server_deadline() + secs(6) >= promised || pair.now >= promised);
            }
        }
    }

    #[test]
    fn no_message_of_a_tab_extends_or_reveals_or_ends(
        is_leader: bool,
        told in prop::collection::vec((0u64..300_000, 0u64..1_000, messages()), 1..40),
    ) {
        let mut now = at(0);
        let status = Lifetime::begin(now).remaining(&policy(), generation(), now);
        let mut monitor = Monitor::new(&status, now, 0, now);
        monitor.handle_lead(is_leader, now);
        let deadline = monitor.told_deadline();
        let mut is_concealed = false;
        for (wait, age, message) in told {
            now = now + Duration::from_millis(wait);
            monitor.handle_timeout(now);
            monitor.handle_message(&message, Duration::from_millis(age), now);
            prop_assert_eq!(monitor.told_deadline(), deadline);
            prop_assert!(!matches!(monitor.state(), State::Ended(_)));
            while let Some(action) = monitor.poll_action() {
                match action {
                    Action::Show(screen) => {
                        let conceals = matches!(screen, Screen::Concealed(_));
                        prop_assert!(conceals || !is_concealed, "{screen:?} at {now}");
                        is_concealed = conceals;
                    }
                    Action::Leave(_) | Action::Adopt(_) => prop_assert!(false, "{action:?}"),
                    Action::Send(_) | Action::Tell(_) => {}
                }
            }
        }
    }

    #[test]
    fn a_timer_is_always_set_while_the_session_may_live(steps in steps()) {
        let mut pair = Pair::new();
        let mut freeze = false;
        for step in &steps {
            pair.take(step);
            freeze = match step {
                Step::PutAway => true,
                Step::ComeBack | Step::Sleep(_) => false,
                _ => freeze,
            };
            if pair.shown_end_reason().is_none() && !freeze {
                prop_assert!(pair.monitor.poll_timeout().is_some());
            }
        }
    }
}
