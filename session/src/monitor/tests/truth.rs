//! Tests that the page never says more about a session than it knows.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::pair::{Pair, at, secs};
use crate::{
    EndReason, Generation, Lifetime,
    monitor::{Action, Concealed, Limit, Message, Monitor, News, Purpose, Screen, State},
};

fn sign_out(pair: &mut Pair) {
    pair.monitor.handle_sign_out(pair.now);
    pair.carry_out();
}

#[test]
fn without_a_cookie_the_page_is_kept_and_no_sign_out_is_shown() {
    let mut pair = Pair::new();
    pair.run_for(secs(100));
    pair.has_cookie = false;
    pair.restore();
    assert_eq!(pair.screen, Screen::Concealed(Concealed::Ended(None)));
    assert_eq!(
        pair.left, None,
        "the page does not know that the session has ended"
    );

    pair.has_cookie = true;
    pair.sign_in_again();
    pair.monitor.handle_signed_in(pair.now);
    pair.carry_out();
    assert_eq!(pair.screen, Screen::Page);
}

// C7
#[test]
fn after_a_restored_backup_the_page_is_kept_and_the_reason_is_shown() {
    let mut pair = Pair::new();
    pair.run_for(secs(100));
    pair.ended = Some(EndReason::Restored);
    pair.restore();
    assert_eq!(pair.shown_end_reason(), Some(EndReason::Restored));
    assert_eq!(pair.left, None);
}

#[test]
fn a_tab_without_a_cookie_takes_an_announced_end_for_a_sign_out() {
    let mut pair = Pair::new();
    pair.run_for(secs(100));
    pair.has_cookie = false;
    pair.restore();
    assert_eq!(pair.left, None);
    let message = Message {
        generation: pair.generation,
        news: News::Ended,
    };
    pair.monitor.handle_message(&message, secs(0), pair.now);
    pair.carry_out();
    assert_eq!(pair.left, Some(EndReason::SignedOut));
}

#[test]
fn the_countdown_says_when_activity_could_not_be_reported() {
    let mut pair = Pair::new();
    pair.run_until(at(500_000));
    pair.online = false;
    pair.be_active();
    pair.run_until(at(540_000));
    assert!(
        pair.countdown().unheard,
        "the user was active, and the server has not learnt of it"
    );

    pair.online = true;
    pair.run_for(secs(6));
    assert_eq!(pair.screen, Screen::Page);

    let mut idle = Pair::new();
    idle.online = false;
    idle.run_until(at(530_000));
    idle.restore();
    idle.run_until(at(540_000));
    assert!(
        !idle.countdown().unheard,
        "there is no activity that the server could have missed"
    );
}

#[test]
fn signing_in_again_during_the_countdown_goes_on_with_the_whole_time() {
    let mut pair = Pair::new();
    while pair.now < at(7_150_000) {
        pair.run_for(secs(1));
        pair.be_active();
    }
    assert_eq!(pair.countdown().limit, Limit::Absolute);
    pair.sign_in_again();
    pair.monitor.handle_signed_in(pair.now);
    let question = pair.sent();
    assert!(
        matches!(pair.monitor.state(), State::Confirming),
        "only the server can say whether it is the same person"
    );
    pair.exchange(question);
    pair.carry_out();
    assert_eq!(pair.screen, Screen::Page);
    assert_eq!(pair.generation, Generation::from_random(8));
    assert!(pair.monitor.told_deadline().0 > at(7_700_000));
}

// C3
#[test]
fn signing_out_conceals_before_the_server_is_asked() {
    let mut pair = Pair::new();
    pair.run_for(secs(10));
    pair.be_active();
    pair.monitor.handle_sign_out(pair.now);
    let actions: Vec<_> = std::iter::from_fn(|| pair.monitor.poll_action()).collect();
    let unanswered = false;
    let Some(Action::Send(request)) = actions.first().cloned() else {
        panic!("the first action is a request: {actions:?}");
    };
    assert_eq!(request.purpose, Purpose::SignOut);
    let concealed = Screen::Concealed(Concealed::SigningOut { unanswered });
    assert_eq!(actions[1..], [Action::Show(concealed)]);

    pair.exchange(request);
    pair.carry_out();
    assert_eq!(pair.left, Some(EndReason::SignedOut));
    assert!(pair.told.contains(&News::Ended));
    assert!(!pair.told.contains(&News::InDoubt));
}

#[test]
fn a_sign_out_without_a_network_is_shown_as_such_and_repeated() {
    let mut pair = Pair::new();
    pair.run_for(secs(10));
    pair.online = false;
    sign_out(&mut pair);
    let unanswered = true;
    let not_yet = Screen::Concealed(Concealed::SigningOut { unanswered });
    assert_eq!(pair.screen, not_yet);
    assert!(pair.told.contains(&News::InDoubt));

    pair.freeze();
    pair.restore();
    pair.run_for(secs(300));
    assert_eq!(pair.screen, not_yet, "nothing else is shown meanwhile");
    assert_eq!(pair.left, None, "the session is live");
    assert!(
        pair.sign_outs.len() > 20,
        "signing out is repeated until it works"
    );
    assert_eq!((pair.keep_alives.len(), pair.status_calls.len()), (0, 0));

    pair.online = true;
    pair.restore();
    assert_eq!(pair.left, Some(EndReason::SignedOut));
    assert_eq!(pair.ended, Some(EndReason::SignedOut));
}

#[test]
fn a_sign_out_whose_answer_is_lost_still_counts() {
    let mut pair = Pair::new();
    pair.monitor.handle_sign_out(pair.now);
    let request = pair.sent();
    pair.serve(request.purpose);
    pair.monitor.handle_failed(request.attempt, pair.now);
    pair.carry_out();
    pair.run_for(secs(2));
    assert_eq!(pair.left, Some(EndReason::SignedOut));
}

#[test]
fn a_user_who_signs_out_leaves_the_page_even_if_a_timeout_ended_the_session_first() {
    let mut pair = Pair::new();
    pair.online = false;
    sign_out(&mut pair);
    pair.run_until(at(700_000));
    pair.online = true;
    pair.restore();
    assert_eq!(pair.shown_end_reason(), Some(EndReason::IdleTimeout));
    assert_eq!(pair.left, Some(EndReason::IdleTimeout));
}

// J3
#[test]
fn a_sign_out_ends_the_new_session_if_the_person_has_signed_in_again_meanwhile() {
    let mut pair = Pair::new();
    pair.monitor.handle_sign_out(pair.now);
    let refused = pair.sent();
    pair.monitor.handle_refused(refused.attempt, pair.now);
    let question = pair.sent();
    assert_eq!(question.purpose, Purpose::Status);
    let other = Generation::from_random(8);
    let status = Lifetime::begin(pair.now).status(&pair.policy, other, pair.now);
    pair.monitor
        .handle_answer(question.attempt, &status, pair.now);
    pair.carry_out();
    assert_eq!(pair.generation, other);
    assert_eq!(pair.left, Some(EndReason::SignedOut));
    assert!(!pair.shows_content());
}

// J3
#[test]
fn a_sign_out_that_ends_a_newer_session_announces_that_end_too() {
    let mut pair = Pair::new();
    let ended = Message {
        generation: pair.generation,
        news: News::Ended,
    };
    pair.monitor.handle_sign_out(pair.now);
    let refused = pair.sent();
    pair.monitor.handle_message(&ended, secs(0), pair.now);
    pair.monitor.handle_refused(refused.attempt, pair.now);
    pair.sign_in_again();
    pair.told.clear();
    pair.carry_out();
    assert_eq!(pair.left, Some(EndReason::SignedOut));
    assert_eq!(pair.told, [News::Ended]);
}

#[test]
fn news_in_doubt_conceals_and_asks_the_server_and_ends_nothing() {
    let mut pair = Pair::new();
    pair.run_for(secs(10));
    let message = Message {
        generation: pair.generation,
        news: News::InDoubt,
    };
    pair.monitor.handle_message(&message, secs(0), pair.now);
    let shown = pair.monitor.poll_action();
    assert!(matches!(
        shown,
        Some(Action::Send(_) | Action::Show(Screen::Concealed(_)))
    ));
    assert!(!matches!(
        pair.monitor.state(),
        State::Active | State::Ended(_)
    ));
    let mut pair = Pair::new();
    pair.monitor.handle_message(&message, secs(0), pair.now);
    pair.carry_out();
    assert_eq!(pair.screen, Screen::Page);
    assert_eq!(pair.status_calls.len(), 1);
}

#[test]
fn signing_out_after_the_end_does_nothing() {
    let mut pair = Pair::new();
    pair.run_until(at(602_000));
    let before = pair.monitor.state();
    Monitor::handle_sign_out(&mut pair.monitor, pair.now);
    assert_eq!(pair.monitor.poll_action(), None);
    assert_eq!(pair.monitor.state(), before);
}
