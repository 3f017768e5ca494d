//! Tests of several tabs of one browser that share a session.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::time::Duration;

use super::pair::{Pair, at, generation, policy, secs};
use crate::{
    EndReason, Generation, Instant, Message, News, Screen, Status,
    monitor::{Action, Concealed, Monitor, Purpose, Request},
};

/// Tabs whose messages arrive at once, and a server that answers at once, unless a test says
/// otherwise.
struct Browser {
    /// The server with the clock.
    server: Pair,
    tabs: Vec<Tab>,
}

struct Tab {
    monitor: Monitor,
    screen: Screen,
    has_channel: bool,
    reaches_server: bool,
    asked: Vec<Purpose>,
    left: Option<EndReason>,
}

impl Browser {
    /// Opens tabs, of which the first is the leader.
    fn with_tabs(count: usize) -> Self {
        let mut server = Pair::with(policy(), Duration::ZERO);
        let Status::Active(status) = server.serve(Purpose::Status) else {
            panic!("a session that has just begun is live");
        };
        let tabs = (0..count).map(|_| Tab {
            monitor: Monitor::new(&status, server.now, 0, server.now),
            screen: Screen::Page,
            has_channel: true,
            reaches_server: true,
            asked: Vec::new(),
            left: None,
        });
        let mut browser = Self {
            tabs: tabs.collect(),
            server,
        };
        browser.tabs[0]
            .monitor
            .handle_lead(true, browser.server.now);
        browser.carry_out();
        browser
    }

    fn run_until(&mut self, until: Instant) {
        loop {
            let due = self
                .tabs
                .iter()
                .filter_map(|tab| tab.monitor.poll_timeout());
            let Some((due, _)) = due.min().filter(|(due, _)| *due <= until) else {
                break;
            };
            self.server.now = self.server.now.max(due);
            for tab in &mut self.tabs {
                tab.monitor.handle_timeout(self.server.now);
            }
            self.carry_out();
        }
        self.server.now = self.server.now.max(until);
    }

    fn handle(&mut self, tab: usize, event: impl FnOnce(&mut Monitor, Instant)) {
        event(&mut self.tabs[tab].monitor, self.server.now);
        self.carry_out();
    }

    /// Takes the request that the tab wants to send after an event, without answering it.
    fn sent_by(&mut self, tab: usize, event: impl FnOnce(&mut Monitor, Instant)) -> Request {
        let monitor = &mut self.tabs[tab].monitor;
        event(monitor, self.server.now);
        std::iter::from_fn(|| monitor.poll_action())
            .find_map(|action| match action {
                Action::Send(request) => Some(request),
                _ => None,
            })
            .expect("the tab sends a request")
    }

    fn tell(&mut self, tab: usize, news: News, age: Duration) {
        let generation = generation();
        let message = Message { generation, news };
        self.handle(tab, |monitor, now| {
            monitor.handle_message(&message, age, now)
        });
    }

    fn carry_out(&mut self) {
        while let Some((from, action)) = self.next_action() {
            match action {
                Action::Show(screen) => self.tabs[from].screen = screen,
                Action::Leave(reason) => self.tabs[from].left = Some(reason),
                Action::Send(request) => self.exchange(from, request),
                Action::Adopt(_) => {}
                Action::Tell(message) => {
                    let now = self.server.now;
                    for (to, tab) in self.tabs.iter_mut().enumerate() {
                        if to != from && tab.has_channel {
                            tab.monitor.handle_message(&message, Duration::ZERO, now);
                        }
                    }
                }
            }
        }
    }

    fn next_action(&mut self) -> Option<(usize, Action)> {
        let mut tabs = self.tabs.iter_mut().enumerate();
        tabs.find_map(|(number, tab)| Some((number, tab.monitor.poll_action()?)))
    }

    fn exchange(&mut self, from: usize, request: Request) {
        let now = self.server.now;
        let tab = &mut self.tabs[from];
        tab.asked.push(request.purpose);
        if tab.reaches_server {
            let status = self.server.serve(request.purpose);
            tab.monitor.handle_answer(request.attempt, &status, now);
        } else {
            tab.monitor.handle_failed(request.attempt, now);
        }
    }

    fn forget_requests(&mut self) {
        self.tabs.iter_mut().for_each(|tab| tab.asked.clear());
    }
}

impl Tab {
    fn reports(&self) -> usize {
        let is_report = |purpose: &&Purpose| **purpose != Purpose::Status;
        self.asked.iter().filter(is_report).count()
    }
}

fn is_concealed(screen: Screen) -> bool {
    matches!(screen, Screen::Concealed(_))
}

// J1
#[test]
fn the_leader_reports_activity_in_another_tab() {
    let mut browser = Browser::with_tabs(3);
    for minute in 1..=30 {
        browser.run_until(at(minute * 60_000));
        browser.handle(1, Monitor::handle_activity);
    }
    assert!(browser.tabs.iter().all(|tab| tab.screen == Screen::Page));
    assert!(browser.tabs[0].reports() >= 29);
    assert_eq!(browser.tabs[2].reports(), 0);
    let by_itself = browser.tabs[1].reports();
    assert!(
        by_itself <= 4,
        "the tab sends requests only to check claims: {by_itself}"
    );
}

// J1
#[test]
fn a_tab_reports_by_itself_when_the_leader_does_not() {
    let mut browser = Browser::with_tabs(2);
    browser.tabs[0].has_channel = false;
    browser.run_until(at(100_000));
    browser.handle(1, Monitor::handle_activity);
    browser.run_until(at(102_000));
    assert_eq!(browser.tabs[1].reports(), 1);
    assert!(browser.server.lifetime.last_active_at() >= at(100_000));
}

#[test]
fn a_tab_that_becomes_the_leader_reports_its_own_activity() {
    let mut browser = Browser::with_tabs(2);
    browser.tabs[0].has_channel = false;
    browser.run_until(at(100_000));
    browser.handle(1, Monitor::handle_activity);
    browser.handle(1, |monitor, now| monitor.handle_lead(true, now));
    assert_eq!(browser.tabs[1].reports(), 1);
}

// J1, J2: "The warning stays up in one tab although another tab extended"
#[test]
fn staying_in_one_tab_closes_the_countdown_in_all() {
    let mut browser = Browser::with_tabs(3);
    browser.run_until(at(540_000));
    assert!(
        browser
            .tabs
            .iter()
            .all(|tab| matches!(tab.screen, Screen::Countdown(_)))
    );
    browser.handle(2, Monitor::handle_stay);
    assert!(browser.tabs.iter().all(|tab| tab.screen == Screen::Page));
    browser.run_until(at(1_070_000));
    assert!(browser.tabs.iter().all(|tab| tab.screen == Screen::Page));
}

#[test]
fn a_hidden_tab_whose_timer_is_late_does_not_begin_to_count_down() {
    let mut browser = Browser::with_tabs(1);
    browser.run_until(at(300_000));
    browser.tell(0, claim_of_an_hour(), Duration::ZERO);
    browser.server.now = at(560_000);
    browser.tabs[0].monitor.handle_timeout(at(560_000));
    let shown = std::iter::from_fn(|| browser.tabs[0].monitor.poll_action())
        .find(|action| matches!(action, Action::Show(Screen::Countdown(_))));
    assert_eq!(shown, None);
}

#[test]
fn a_claim_that_the_server_does_not_confirm_keeps_the_countdown() {
    let mut browser = Browser::with_tabs(2);
    browser.run_until(at(540_000));
    browser.tabs[0].reaches_server = false;
    browser.handle(1, Monitor::handle_stay);
    assert!(matches!(browser.tabs[0].screen, Screen::Countdown(_)));
}

/// A claim that the session lasts for another hour.
fn claim_of_an_hour() -> News {
    News::Alive {
        idle_left: secs(3_600),
        active_for: Some(Duration::ZERO),
    }
}

#[test]
fn a_forged_message_does_not_extend() {
    let mut browser = Browser::with_tabs(1);
    browser.run_until(at(300_000));
    browser.tell(0, claim_of_an_hour(), Duration::ZERO);
    browser.run_until(at(535_000));
    assert!(
        matches!(browser.tabs[0].screen, Screen::Countdown(_)),
        "the user is warned in spite of the claim"
    );
    browser.tell(0, claim_of_an_hour(), Duration::ZERO);
    browser.run_until(at(595_000));
    assert!(is_concealed(browser.tabs[0].screen));
    browser.run_until(at(601_000));
    let ended = Screen::Concealed(Concealed::Ended(Some(EndReason::IdleTimeout)));
    assert_eq!(browser.tabs[0].screen, ended);
    assert_eq!(browser.tabs[0].reports(), 0);
}

#[test]
fn a_forged_message_does_not_reveal() {
    let mut browser = Browser::with_tabs(1);
    browser.tabs[0].reaches_server = false;
    browser.run_until(at(596_000));
    browser.tell(0, claim_of_an_hour(), Duration::ZERO);
    assert!(is_concealed(browser.tabs[0].screen));
    browser.run_until(at(700_000));
    browser.tabs[0].reaches_server = true;
    browser.run_until(at(710_000));
    browser.tell(0, claim_of_an_hour(), Duration::ZERO);
    assert!(
        is_concealed(browser.tabs[0].screen),
        "the server says that the session has ended"
    );
}

#[test]
fn a_forged_claim_does_not_hold_back_a_report() {
    let mut browser = Browser::with_tabs(2);
    browser.tabs[0].has_channel = false;
    browser.run_until(at(300_000));
    browser.handle(1, Monitor::handle_activity);
    browser.tell(1, claim_of_an_hour(), Duration::ZERO);
    browser.run_until(at(600_000));
    assert!(browser.server.lifetime.last_active_at() >= at(300_000));
    assert_eq!(browser.tabs[1].screen, Screen::Page);
}

#[test]
fn activity_that_is_announced_late_counts_from_when_it_happened() {
    let mut browser = Browser::with_tabs(1);
    browser.run_until(at(400_000));
    let idle_for = Duration::ZERO;
    browser.tell(0, News::Active { idle_for }, secs(300));
    assert_eq!(browser.server.lifetime.last_active_at(), at(100_000));
}

// J2
#[test]
fn after_an_end_in_one_tab_all_tabs_show_the_reason_that_the_server_gives() {
    let mut browser = Browser::with_tabs(3);
    browser.run_until(at(100_000));
    browser.handle(0, Monitor::handle_sign_out);
    for tab in &browser.tabs {
        assert_eq!(
            tab.screen,
            Screen::Concealed(Concealed::Ended(Some(EndReason::SignedOut)))
        );
        assert_eq!(tab.left, Some(EndReason::SignedOut));
    }
}

#[test]
fn a_forged_end_is_not_believed() {
    let mut browser = Browser::with_tabs(1);
    browser.run_until(at(100_000));
    browser.tell(0, News::Ended, Duration::ZERO);
    assert_eq!(browser.tabs[0].screen, Screen::Page);
    assert_eq!(browser.tabs[0].left, None);
    assert_eq!(browser.tabs[0].asked, [Purpose::Status]);
}

// J3
#[test]
fn a_message_of_another_session_conceals_and_asks() {
    let mut browser = Browser::with_tabs(1);
    browser.tabs[0].reaches_server = false;
    browser.run_until(at(100_000));
    let message = Message {
        generation: Generation::from_random(8),
        news: claim_of_an_hour(),
    };
    browser.handle(0, |monitor, now| {
        monitor.handle_message(&message, Duration::ZERO, now)
    });
    assert!(is_concealed(browser.tabs[0].screen));
    assert_eq!(browser.tabs[0].asked, [Purpose::Status]);
}

#[test]
fn a_press_in_the_last_second_counts_although_another_tab_announces_an_end() {
    let mut browser = Browser::with_tabs(1);
    browser.run_until(at(594_500));
    let press = browser.sent_by(0, Monitor::handle_stay);
    browser.run_until(at(595_500));
    browser.tell(0, News::Ended, Duration::ZERO);
    browser.handle(0, |monitor, now| monitor.handle_failed(press.attempt, now));
    browser.run_until(at(606_000));
    assert_eq!(browser.tabs[0].screen, Screen::Page);
}

#[test]
fn an_answer_that_is_older_than_an_announced_end_does_not_reveal() {
    let mut browser = Browser::with_tabs(1);
    browser.run_until(at(595_500));
    let question = browser.sent_by(0, Monitor::handle_return);
    let from_before = browser.server.serve(question.purpose);
    browser.server.ended = Some(EndReason::Revoked);
    browser.tell(0, News::Ended, Duration::ZERO);
    browser.handle(0, |monitor, now| {
        monitor.handle_answer(question.attempt, &from_before, now);
    });
    let ended = Screen::Concealed(Concealed::Ended(Some(EndReason::Revoked)));
    assert_eq!(browser.tabs[0].screen, ended);
}

#[test]
fn an_answer_that_is_older_than_an_extension_in_another_tab_does_not_keep_the_countdown() {
    let mut browser = Browser::with_tabs(1);
    browser.run_until(at(540_000));
    let question = browser.sent_by(0, Monitor::handle_return);
    let from_before = browser.server.serve(question.purpose);
    browser.server.sign_in_again();
    browser.run_until(at(540_100));
    browser.tell(0, claim_of_an_hour(), Duration::ZERO);
    browser.handle(0, |monitor, now| {
        monitor.handle_answer(question.attempt, &from_before, now);
    });
    assert_eq!(browser.tabs[0].screen, Screen::Page);
}

#[test]
fn when_time_ends_the_session_every_tab_asks_a_few_times_at_most() {
    let mut browser = Browser::with_tabs(10);
    browser.run_until(at(590_000));
    browser.forget_requests();
    browser.run_until(at(700_000));
    for tab in &browser.tabs {
        assert_eq!(
            tab.screen,
            Screen::Concealed(Concealed::Ended(Some(EndReason::IdleTimeout)))
        );
        assert!(tab.asked.len() <= 4, "{:?}", tab.asked);
    }
}

#[test]
fn signing_in_again_in_one_tab_reveals_all_tabs() {
    let mut browser = Browser::with_tabs(3);
    browser.run_until(at(700_000));
    browser.server.sign_in_again();
    browser.handle(1, Monitor::handle_signed_in);
    assert!(browser.tabs.iter().all(|tab| tab.screen == Screen::Page));
}
