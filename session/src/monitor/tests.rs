//! Tests of the monitor with one page, case by case.

mod pair;
mod properties;
mod tabs;
mod truth;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use self::pair::{Pair, at, policy, secs};
use super::*;
use crate::{Checks, Generation, Lifetime, Limits, Policy};

#[test]
fn without_activity_the_user_is_warned_then_concealed_then_sent_to_sign_in() {
    let mut pair = Pair::new();
    let told = at(595_000);

    pair.run_until(told - secs(60) - Duration::from_millis(1));
    assert_eq!(pair.screen, Screen::Page);

    pair.run_until(told - secs(60));
    assert_eq!(pair.countdown().seconds_left, 60);
    assert_eq!(pair.countdown().limit, Limit::Idle);

    pair.run_until(told - Duration::from_millis(1));
    assert_eq!(pair.countdown().seconds_left, 0);
    assert_eq!(pair.status_calls, []);

    pair.run_until(told);
    assert_eq!(
        pair.screen,
        Screen::Concealed(Concealed::Grace),
        "the page says that it waits for grace to be over"
    );
    assert_eq!(pair.status_calls, [told]);
    assert_eq!(
        pair.shown_end_reason(),
        None,
        "the session is live during grace"
    );

    pair.run_until(at(601_000));
    assert_eq!(pair.shown_end_reason(), Some(EndReason::IdleTimeout));
    assert_eq!(pair.keep_alives, []);
    assert_eq!(
        pair.status_calls[1],
        at(600_000),
        "the server is asked again when grace is over"
    );
}

#[test]
fn no_timer_ticks_before_the_warning() {
    let pair = Pair::new();
    assert_eq!(
        pair.monitor.poll_timeout(),
        Some((at(535_000), Timer::Warn))
    );
}

#[test]
fn a_spurious_timer_is_harmless() {
    let mut pair = Pair::new();
    let before = pair.monitor.poll_timeout();
    for _ in 0..3 {
        pair.monitor.handle_timeout(pair.now);
    }
    assert_eq!(pair.monitor.poll_action(), None);
    assert_eq!(pair.monitor.poll_timeout(), before);
}

#[test]
fn activity_is_reported_once_a_touch_interval() {
    let mut pair = Pair::new();
    for _ in 0..300 {
        pair.run_for(secs(1));
        pair.be_active();
    }
    assert_eq!(pair.keep_alives.len(), 5);
    assert_eq!(pair.screen, Screen::Page);
}

#[test]
fn the_report_carries_when_the_user_acted_not_when_it_was_sent() {
    let mut pair = Pair::new();
    pair.run_for(secs(10));
    pair.be_active();
    pair.run_for(secs(100));
    assert_eq!(pair.keep_alives, [at(60_000)]);
    assert_eq!(
        pair.lifetime.last_active_at(),
        at(10_000) + pair.latency,
        "the stored activity is later than the real one by at most the latency of the report"
    );
}

#[test]
fn activity_during_a_report_is_reported_by_the_next_one() {
    let mut pair = Pair::new();
    pair.run_until(at(100_000));
    pair.monitor.handle_activity(pair.now);
    let report = pair.sent();
    let confirmed = pair.serve(report.purpose);
    pair.run_for(secs(1));
    pair.be_active();
    pair.monitor
        .handle_answer(report.attempt, &confirmed, pair.now);
    pair.run_for(secs(60));
    assert!(pair.lifetime.last_active_at() >= at(101_000));
}

#[test]
fn activity_is_reported_before_the_warning_would_begin() {
    let limits = Limits {
        warning: secs(560),
        ..policy().limits()
    };
    let policy = Policy::new(limits, None, Checks::Enforce).unwrap();
    let mut pair = Pair::with(policy, Duration::from_millis(20));
    pair.run_for(secs(10));
    pair.be_active();
    pair.run_until(at(36_000));
    assert_eq!(pair.keep_alives, [at(30_000)]);
    assert_eq!(pair.screen, Screen::Page);
}

#[test]
fn a_concealed_page_is_not_revealed_for_less_than_a_second() {
    let mut pair = Pair::new();
    let Status::Active(status) = pair.serve(Purpose::Status) else {
        panic!("the session is live");
    };
    let asked_at = at(-400);
    pair.monitor = Monitor::new(&status, asked_at, 0, pair.now);
    pair.run_until(at(594_600));
    assert!(matches!(pair.screen, Screen::Concealed(_)));
    while pair.shown_end_reason().is_none() {
        pair.run_for(Duration::from_millis(10));
        assert!(!pair.shows_content(), "at {}", pair.now);
    }
    assert_eq!(pair.shown_end_reason(), Some(EndReason::IdleTimeout));
}

#[test]
fn activity_does_not_dismiss_the_countdown() {
    let mut pair = Pair::new();
    pair.run_until(at(540_000));
    pair.be_active();
    pair.run_for(secs(2));
    assert_eq!(pair.countdown().seconds_left, 53);
    assert_eq!(pair.keep_alives, []);
}

#[test]
fn staying_closes_the_countdown_when_the_server_has_confirmed_it() {
    let mut pair = Pair::new();
    pair.run_until(at(594_000));
    pair.monitor.handle_stay(pair.now);
    let request = pair.sent();
    assert_eq!(
        request.purpose,
        Purpose::KeepAlive {
            idle_for: Duration::ZERO
        }
    );
    assert_eq!(pair.monitor.state(), State::Warning);

    pair.exchange(request);
    pair.carry_out();
    assert_eq!(pair.screen, Screen::Page);
    assert_eq!(
        pair.server_deadline(),
        at(594_000) + pair.latency + secs(600)
    );
}

// G2
#[test]
fn a_session_can_be_extended_ten_times() {
    let mut pair = Pair::new();
    for _ in 0..10 {
        pair.run_for(secs(550));
        assert_eq!(pair.countdown().limit, Limit::Idle);
        pair.stay();
        assert_eq!(pair.screen, Screen::Page);
    }
}

#[test]
fn a_click_in_the_last_second_arrives_within_grace() {
    let mut pair = Pair::with(policy(), Duration::from_millis(2_400));
    pair.run_until(at(594_900));
    pair.stay();
    assert_eq!(pair.screen, Screen::Page);
    assert_eq!(pair.shown_end_reason(), None);
}

#[test]
fn an_extension_without_an_answer_keeps_the_countdown_and_is_repeated() {
    let mut pair = Pair::new();
    pair.run_until(at(540_000));
    pair.online = false;
    pair.stay();
    assert_eq!(pair.countdown().extension, Extension::Unanswered);

    pair.online = true;
    pair.run_for(secs(2));
    assert_eq!(pair.screen, Screen::Page);
}

// G3
#[test]
fn near_the_absolute_timeout_staying_is_not_offered() {
    let mut pair = Pair::new();
    while pair.now < at(7_139_000) {
        pair.run_for(secs(1));
        pair.be_active();
    }
    pair.run_until(at(7_141_000));
    assert_eq!(pair.countdown().limit, Limit::Absolute);
    assert!(!pair.countdown().dismissed);

    pair.stay();
    assert!(pair.countdown().dismissed, "the user goes on working");
    let reports = pair.keep_alives.len();
    while pair.now < at(7_199_000) {
        pair.run_for(secs(1));
        pair.be_active();
    }
    assert!(pair.keep_alives.len() <= reports + 2);
    assert!(pair.countdown().dismissed);

    pair.run_until(at(7_201_000));
    assert_eq!(pair.shown_end_reason(), Some(EndReason::AbsoluteTimeout));
}

#[test]
fn past_the_deadline_without_a_network_the_page_stays_concealed_and_keeps_asking() {
    let mut pair = Pair::new();
    pair.online = false;
    pair.run_until(at(600_000));
    assert_eq!(pair.screen, Screen::Concealed(Concealed::Unreachable));

    pair.run_until(at(3_600_000));
    assert_eq!(pair.screen, Screen::Concealed(Concealed::Unreachable));
    assert_eq!(
        pair.shown_end_reason(),
        None,
        "only the server ends a session"
    );

    pair.online = true;
    pair.run_for(secs(31));
    assert_eq!(pair.shown_end_reason(), Some(EndReason::IdleTimeout));
}

#[test]
fn a_report_that_failed_is_repeated_during_grace() {
    let mut pair = Pair::new();
    pair.run_until(at(530_500));
    pair.online = false;
    pair.be_active();
    pair.run_until(at(594_000));
    pair.online = true;
    pair.run_until(at(604_000));
    assert_eq!(pair.screen, Screen::Page);
    assert!(pair.lifetime.last_active_at() >= at(530_500));
}

#[test]
fn a_page_is_not_concealed_when_the_session_was_extended_elsewhere() {
    let mut pair = Pair::new();
    pair.run_until(at(594_990));
    pair.lifetime = pair
        .lifetime
        .touched(&pair.policy, pair.now, pair.now)
        .unwrap();
    pair.run_until(at(595_000));
    assert_eq!(pair.screen, Screen::Page);
}

// I2
#[test]
fn after_suspend_the_page_is_concealed_before_the_server_is_asked() {
    let mut pair = Pair::new();
    pair.sleep(secs(3_600));
    pair.monitor.handle_return(pair.now);
    let actions: Vec<_> = std::iter::from_fn(|| pair.monitor.poll_action()).collect();
    assert_eq!(
        actions[0],
        Action::Show(Screen::Concealed(Concealed::Confirming))
    );
    assert!(matches!(actions[1], Action::Send(_)));
    assert_eq!(actions.len(), 2);
}

#[test]
fn unreported_activity_is_reported_when_the_page_is_hidden() {
    let mut pair = Pair::new();
    pair.run_for(secs(10));
    pair.be_active();
    pair.hide();
    pair.sleep(secs(595));
    pair.restore();
    assert_eq!(
        pair.shown_end_reason(),
        None,
        "the idle timeout of ten minutes has not passed since the activity"
    );
    assert_eq!(pair.keep_alives, [at(10_000)]);
}

#[test]
fn hiding_a_page_is_no_activity() {
    let mut pair = Pair::new();
    pair.run_for(secs(10));
    pair.hide();
    assert_eq!(pair.keep_alives, []);
    assert_eq!(pair.status_calls, []);
}

#[test]
fn coming_back_is_no_activity() {
    let mut pair = Pair::new();
    pair.run_until(at(300_000));
    pair.restore();
    assert_eq!(pair.status_calls.len(), 1);
    assert_eq!(pair.keep_alives, []);
    assert_eq!(pair.server_deadline(), at(600_000));
}

// I5
#[test]
fn a_page_from_the_back_forward_cache_is_concealed_until_the_server_has_answered() {
    let mut pair = Pair::new();
    pair.freeze();
    assert_eq!(pair.screen, Screen::Concealed(Concealed::Confirming));
    pair.run_for(secs(10));
    assert_eq!(pair.screen, Screen::Concealed(Concealed::Confirming));
    pair.restore();
    assert_eq!(pair.screen, Screen::Page);

    pair.freeze();
    pair.ended = Some(EndReason::SignedOut);
    pair.restore();
    assert_eq!(pair.shown_end_reason(), Some(EndReason::SignedOut));
}

#[test]
fn a_slow_answer_never_overrides_a_newer_one() {
    let mut pair = Pair::new();
    pair.run_until(at(540_000));
    let send = |pair: &mut Pair| {
        pair.monitor.handle_return(pair.now);
        pair.sent()
    };
    let slow = send(&mut pair);
    let stale = pair.serve(slow.purpose);
    let quick = send(&mut pair);
    pair.lifetime = Lifetime::stored(at(0), pair.now);
    let fresh = pair.serve(quick.purpose);

    pair.monitor.handle_answer(quick.attempt, &fresh, pair.now);
    let deadline = pair.monitor.told_deadline();
    pair.monitor.handle_answer(slow.attempt, &stale, pair.now);
    assert_eq!(pair.monitor.told_deadline(), deadline);
    assert_eq!(pair.monitor.state(), State::Active);
}

// J3
#[test]
fn a_page_is_left_when_another_person_has_signed_in() {
    let mut pair = Pair::new();
    pair.monitor.handle_return(pair.now);
    let question = pair.sent();
    pair.monitor.handle_refused(question.attempt, pair.now);
    pair.carry_out();
    assert_eq!(pair.left, Some(EndReason::Replaced));
    assert!(!pair.shows_content());
}

#[test]
fn a_new_session_of_the_same_person_is_taken_over() {
    let mut pair = Pair::new();
    pair.run_until(at(540_000));
    pair.monitor.handle_return(pair.now);
    let question = pair.sent();
    let other = Generation::from_random(8);
    let status = Lifetime::begin(pair.now).status(&pair.policy, other, pair.now);
    pair.monitor
        .handle_answer(question.attempt, &status, pair.now);
    pair.carry_out();
    assert_eq!(pair.generation, other);
    assert_eq!(pair.screen, Screen::Page);
    assert_eq!(pair.monitor.told_deadline().0, at(540_000 + 595_000));
}

// F3
#[test]
fn after_signing_in_again_over_the_page_it_is_revealed() {
    let mut pair = Pair::new();
    pair.run_until(at(602_000));
    assert_eq!(pair.shown_end_reason(), Some(EndReason::IdleTimeout));
    assert_eq!(
        pair.left, None,
        "the page is kept, so that the user can go on with it"
    );

    pair.monitor.handle_return(pair.now);
    pair.carry_out();
    assert_eq!(pair.shown_end_reason(), Some(EndReason::IdleTimeout));

    pair.monitor.handle_signed_in(pair.now);
    let question = pair.sent();
    let other = Generation::from_random(8);
    let status = Lifetime::begin(pair.now).status(&pair.policy, other, pair.now);
    pair.carry_out();
    assert!(
        !pair.shows_content(),
        "only the server can say whether it is the same person"
    );
    pair.monitor
        .handle_answer(question.attempt, &status, pair.now);
    pair.carry_out();
    assert_eq!(pair.screen, Screen::Page);
    assert_eq!(pair.generation, other);
}

// J3
#[test]
fn signing_in_over_the_page_as_somebody_else_leaves_it() {
    let mut pair = Pair::new();
    pair.run_until(at(602_000));
    pair.monitor.handle_signed_in(pair.now);
    let question = pair.sent();
    pair.monitor.handle_refused(question.attempt, pair.now);
    pair.carry_out();
    assert_eq!(pair.left, Some(EndReason::Replaced));
    assert!(!pair.shows_content());
}

#[test]
fn after_a_refused_report_the_status_is_asked_for() {
    let mut pair = Pair::new();
    pair.run_until(at(100_000));
    pair.monitor.handle_activity(pair.now);
    let report = pair.sent();
    pair.monitor.handle_refused(report.attempt, pair.now);
    let question = pair.sent();
    assert_eq!(question.purpose, Purpose::Status);
}

#[test]
fn after_the_end_nothing_happens_any_more() {
    let mut pair = Pair::new();
    pair.run_until(at(602_000));
    assert!(matches!(pair.monitor.state(), State::Ended(_)));
    pair.be_active();
    pair.stay();
    pair.freeze();
    pair.restore();
    assert_eq!(pair.monitor.poll_timeout(), None);
    assert_eq!(
        pair.screen,
        Screen::Concealed(Concealed::Ended(Some(EndReason::IdleTimeout)))
    );
}

#[test]
fn a_slow_answer_to_the_first_press_still_counts_after_another_press() {
    let mut pair = Pair::new();
    pair.run_until(at(590_000));
    pair.monitor.handle_stay(pair.now);
    let press = pair.sent();
    let answer = pair.serve(press.purpose);
    pair.run_until(at(591_000));
    pair.monitor.handle_stay(pair.now);
    pair.monitor.handle_answer(press.attempt, &answer, pair.now);
    pair.carry_out();
    assert_eq!(pair.screen, Screen::Page);
}
