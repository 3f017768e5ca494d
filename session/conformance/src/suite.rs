//! The macros that make a test of each case.

use crate::{Bench, ByHand, Subject, cases};

/// Makes a test of each promise that every store gives.
///
/// It takes an async function without arguments that returns a [`Subject`].
#[macro_export]
macro_rules! suite {
    ($subject:expr) => {
        $crate::__cases_of_every_store!(__tests, every_store, $subject);
    };
}

/// Makes a test of each promise that a store gives if it has a clock of its own, so that several
/// nodes can share it: [`Store::clock`](dwell::store::Store::clock) returns nothing.
///
/// It takes what [`suite!`] takes, and is used in addition.
#[macro_export]
macro_rules! shared_suite {
    ($subject:expr) => {
        $crate::__cases_of_shared_stores!(__tests, shared_stores, $subject);
    };
}

/// Makes a test of each promise that a store gives if an operator can change sessions without it.
///
/// It takes an async function without arguments that returns a [`ByHand`] subject, and is used in
/// addition to [`suite!`].
#[macro_export]
macro_rules! by_hand_suite {
    ($subject:expr) => {
        $crate::__cases_by_hand!(__tests, stores_by_hand, $subject);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($group:ident, $subject:expr; $($module:ident { $($case:ident,)+ })+) => {
        $(mod $module {
            #[allow(unused_imports, reason = "the subject may be named by its whole path")]
            use super::*;

            $(#[test]
            fn $case() {
                $crate::$group::$module::$case($subject);
            })+
        })+
    };
}

/// Makes the functions that the tests of a program call. They alone call the cases, so that the
/// compiler finds a case that is missing in the lists below.
macro_rules! runners {
    ($group:ident, $subject:ident; $($module:ident { $($case:ident,)+ })+) => {
        #[doc(hidden)]
        pub mod $group {
            $(pub mod $module {
                use super::super::*;

                $(pub fn $case<S: $subject>(subject: impl AsyncFnOnce() -> S) {
                    run(async {
                        let bench = Bench::of(subject().await).await;
                        cases::$module::$case(&bench).await;
                    });
                })+
            })+
        }
    };
}
pub(crate) use runners;

#[doc(hidden)]
#[macro_export]
macro_rules! __cases_of_every_store {
    ($then:ident, $($arguments:tt)+) => {
        $crate::$then! { $($arguments)+;
            boundaries {
                a_millisecond_before_a_limit_every_operation_finds_the_session_live,
                at_a_limit_no_operation_finds_it_live_or_changes_it,
                a_touch_in_the_last_millisecond_moves_the_idle_timeout_and_not_the_absolute_one,
                an_end_in_the_last_millisecond_has_its_own_reason,
                a_touch_at_the_limit_is_too_late_whenever_the_activity_was,
            }
            endings {
                an_end_is_told_with_its_reason_and_stays,
                an_end_wipes_what_is_known_of_the_person,
                the_others_end_and_the_one_that_is_kept_lives,
                a_revocation_ends_nobody_elses_and_rewrites_no_end,
            }
            feed {
                every_end_is_told,
                a_touch_ends_nothing,
                whoever_follows_again_begins_again,
            }
            limits {
                each_session_ends_by_its_own_limits,
                a_sweep_goes_by_the_limits_of_each_session,
                limits_are_shortened_and_never_prolonged,
                what_has_ended_is_not_tightened,
                as_many_as_asked_for_are_tightened_at_a_time,
                the_absolute_timeout_counts_from_the_authentication,
                a_session_of_long_ago_is_over_at_once,
                a_rotated_session_has_the_limits_that_it_is_given,
                very_long_limits_are_kept_without_overflow,
                people_have_any_names,
                what_is_not_known_is_not_kept,
            }
            operations {
                many_touches_at_once_are_as_many_touches,
                any_number_is_touched_at_once,
                of_any_number_those_that_live_are_told,
                it_answers_and_tells_the_engines_time,
                a_session_begins_now_with_all_that_it_was_given,
                a_session_never_takes_the_place_of_another,
                what_nobody_has_begun_is_unknown_to_every_operation,
                a_touch_moves_the_last_activity_to_when_it_was,
                a_touch_is_never_in_the_future_and_never_goes_back,
                a_rotation_begins_one_and_ends_the_other_as_replaced,
                what_has_ended_is_not_rotated,
                a_rotation_that_fails_changes_nothing,
                data_is_replaced_and_comes_with_the_deadline,
                any_text_survives,
                only_a_persons_own_sessions_are_listed_the_latest_first,
                a_generation_leads_to_its_owner_and_an_unknown_one_to_nobody,
            }
            races {
                ten_thousand_sign_outs,
                ten_thousand_rotations,
                ten_thousand_revocations,
                ten_thousand_expiries,
            }
            sweeping {
                one_session_is_ended_at_its_deadline_and_no_other,
                a_session_counts_until_its_end_is_written_down,
                no_more_is_swept_at_a_time_than_asked_for,
                a_sweep_ends_each_session_once_at_its_deadline,
                a_sweep_tells_the_limits_apart,
                where_both_limits_fall_together_it_is_the_absolute_one,
                any_number_is_swept,
                a_tombstone_is_forgotten_after_thirty_days_to_the_millisecond,
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __cases_of_shared_stores {
    ($then:ident, $($arguments:tt)+) => {
        $crate::$then! { $($arguments)+;
            shared {
                what_is_served_and_lives_is_confirmed,
                the_stores_time_is_told,
                time_goes_on_from_where_it_was_when_the_clock_is_set_back,
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __cases_by_hand {
    ($then:ident, $($arguments:tt)+) => {
        $crate::$then! { $($arguments)+;
            by_hand {
                what_is_ended_or_deleted_by_hand_is_told,
                what_was_ended_by_hand_is_remembered,
                what_is_later_than_now_counts_as_now,
            }
        }
    };
}

__cases_of_every_store!(runners, every_store, Subject);
__cases_of_shared_stores!(runners, shared_stores, Subject);
__cases_by_hand!(runners, stores_by_hand, ByHand);

/// Runs a case on two threads, as a server does.
fn run(case: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(case);
}
