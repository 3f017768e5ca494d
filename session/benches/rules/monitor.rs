//! The state machine that the browser runs for every event.

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, Criterion};
use dwell_session::{
    Action, ActiveStatus, Generation, Instant, Lifetime, Monitor, Policy, Request, Status,
};

const BEGAN_AT: Instant = Instant::from_millis(0);

pub(crate) fn measure(criterion: &mut Criterion, policy: &Policy) {
    let lifetime = Lifetime::begin(BEGAN_AT);
    let status = lifetime.remaining(policy, Generation::from_random(7), BEGAN_AT);
    let active_at = BEGAN_AT + Duration::from_secs(20);
    let warn_at = BEGAN_AT + (status.idle_remaining - status.warning);
    let mut group = criterion.benchmark_group("monitor");
    group.bench_function("a spurious timer", |bencher| {
        let mut monitor = leader(&status);
        bencher.iter(|| {
            monitor.handle_timeout(black_box(active_at));
            monitor.poll_timeout()
        });
    });
    group.bench_function("an activity", |bencher| {
        let mut monitor = leader(&status);
        bencher.iter(|| {
            monitor.handle_activity(black_box(active_at));
            drain(&mut monitor);
            monitor.poll_timeout()
        });
    });
    group.bench_function("the beginning of the countdown", |bencher| {
        bencher.iter_batched_ref(
            || leader(&status),
            |monitor| {
                monitor.handle_timeout(black_box(warn_at));
                drain(monitor)
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("a choice to stay, and the answer", |bencher| {
        bencher.iter_batched_ref(
            || {
                let mut monitor = leader(&status);
                monitor.handle_timeout(warn_at);
                drain(&mut monitor);
                monitor
            },
            |monitor| {
                monitor.handle_stay(black_box(warn_at));
                if let Some(request) = drain(monitor) {
                    let answer = Status::Active(status);
                    monitor.handle_answer(request.attempt, &answer, warn_at);
                }
                drain(monitor)
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// A monitor in the tab that is the leader.
fn leader(status: &ActiveStatus) -> Monitor {
    let mut monitor = Monitor::new(status, BEGAN_AT, 0, BEGAN_AT);
    monitor.handle_lead(true, BEGAN_AT);
    drain(&mut monitor);
    monitor
}

/// Takes all actions and returns the last request among them.
fn drain(monitor: &mut Monitor) -> Option<Request> {
    let actions = std::iter::from_fn(|| monitor.poll_action());
    actions
        .filter_map(|action| match action {
            Action::Send(request) => Some(request),
            Action::Show(_) | Action::Tell(_) | Action::Adopt(_) | Action::Leave(_) => None,
        })
        .last()
}
