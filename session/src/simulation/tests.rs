//! Tests that the properties hold, that the checks notice every mutant, and that everything happens
//! in the simulation.

use std::{
    num::NonZero,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::*;

const SEEDS: u64 = 4_000;

/// The number of seeds within which every mutant must be caught.
const SEEDS_FOR_A_MUTANT: u64 = 3_000;

/// Runs all seeds below [`SEEDS`] on all cores, and calls `take` with each result.
fn run_all(take: impl Fn(u64, Outcome) + Sync) {
    let next = AtomicU64::new(0);
    let seeds = || {
        std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed))
            .take_while(|seed| *seed < SEEDS)
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| seeds().for_each(|seed| take(seed, run(seed, None))));
        }
    });
}

#[test]
fn every_property_holds_and_everything_happens() {
    let total = Mutex::new(Coverage::default());
    run_all(|seed, outcome| {
        if outcome.violation.is_some() {
            panic!("seed {seed}: {}", counterexample(seed, None).unwrap());
        }
        total.lock().unwrap().add(&outcome.coverage);
    });

    let total = total.into_inner().unwrap();
    assert_eq!(total.histories, SEEDS);
    assert!(total.tab_hours() > 10_000.0, "{} h", total.tab_hours());
    assert!(
        total.watched_hours() > 5_000.0,
        "{} h",
        total.watched_hours()
    );
    for (happening, count) in total.counts() {
        assert!(count >= 50, "only {count} {}", happening.label());
    }
}

#[test]
fn a_seed_has_one_history() {
    for seed in 0..20 {
        assert_eq!(run(seed, None), run(seed, None));
        assert_eq!(history(seed, None), history(seed, None));
    }
}

#[test]
fn a_history_that_is_written_down_is_the_same_history() {
    let mutant = Some(Mutant::ShowsWhatIsConcealed);
    let violation = run(0, mutant).violation.unwrap();
    let history = history(0, mutant);
    let last = history.lines().last().unwrap();
    assert!(last.ends_with(&violation.to_string()), "{last}");
}

#[test]
fn a_counterexample_is_short_and_violates_the_same_property() {
    let mutant = Mutant::MovesAuthentication;
    let seed = first_caught(mutant);
    let found = counterexample(seed, Some(mutant)).unwrap();
    let whole = history(seed, Some(mutant));
    assert_eq!(found.violation.property, Property::Bounded);
    assert!(found.steps.len() <= 8, "{found}");
    assert!(
        found.history.lines().len() * 2 < whole.lines().len(),
        "{found}"
    );
}

#[test]
fn a_history_without_a_violation_has_no_counterexample() {
    assert_eq!(counterexample(0, None), None);
}

/// The first seed whose history violates the property of the mutant.
fn first_caught(mutant: Mutant) -> u64 {
    let catches = |seed: &u64| {
        let violation = run(*seed, Some(mutant)).violation;
        violation.is_some_and(|violation| violation.property == mutant.violates())
    };
    let caught = (0..SEEDS_FOR_A_MUTANT).find(catches);
    caught.unwrap_or_else(|| {
        panic!(
            "no seed shows that {mutant:?} violates {}",
            mutant.violates()
        )
    })
}

#[test]
fn a_tab_that_shows_what_is_concealed_is_caught() {
    first_caught(Mutant::ShowsWhatIsConcealed);
}

#[test]
fn a_tab_that_keeps_an_end_to_itself_is_caught() {
    first_caught(Mutant::KeepsEndToItself);
}

#[test]
fn a_tab_that_takes_a_failure_for_the_end_is_caught() {
    first_caught(Mutant::TakesFailureForEnd);
}

#[test]
fn a_tab_that_never_asks_again_after_a_failure_is_caught() {
    first_caught(Mutant::ForgetsFailures);
}

#[test]
fn a_tab_that_anchors_to_when_the_answer_came_is_caught() {
    first_caught(Mutant::AnchorsToTheAnswer);
}

#[test]
fn a_tab_whose_countdown_goes_on_when_another_has_extended_is_caught() {
    first_caught(Mutant::HearsNoClaims);
}

#[test]
fn a_server_that_drops_reports_is_caught() {
    first_caught(Mutant::DropsReports);
}

#[test]
fn a_tab_that_never_reports_is_caught() {
    first_caught(Mutant::NeverReports);
}

#[test]
fn a_server_that_loses_more_than_the_grace_in_a_crash_is_caught() {
    first_caught(Mutant::DefersForTooLong);
}

#[test]
fn maintenance_that_writes_no_deferred_touches_is_caught() {
    first_caught(Mutant::WritesNoDeferredTouches);
}

#[test]
fn a_sweep_during_grace_is_caught() {
    first_caught(Mutant::SweepsDuringGrace);
}

#[test]
fn a_store_that_inserts_on_a_touch_is_caught() {
    first_caught(Mutant::InsertsOnTouch);
}

#[test]
fn a_touch_that_moves_the_authentication_is_caught() {
    first_caught(Mutant::MovesAuthentication);
}

#[test]
fn a_status_that_touches_is_caught() {
    first_caught(Mutant::TouchesOnStatus);
}

#[test]
fn a_reload_that_touches_is_caught() {
    first_caught(Mutant::TouchesOnReload);
}

#[test]
fn a_wake_up_that_counts_as_activity_is_caught() {
    first_caught(Mutant::TakesWakingForActivity);
}
