//! The rules that the server applies to every request.

use std::{hint::black_box, time::Duration};

use criterion::Criterion;
use dwell_session::{Generation, Instant, Lifetime, Policy};

pub(crate) fn measure(criterion: &mut Criterion, policy: &Policy) {
    let began_at = Instant::from_millis(1_700_000_000_000);
    let now = began_at + Duration::from_secs(60);
    let lifetime = Lifetime::begin(began_at);
    let generation = Generation::from_random(7);
    let mut group = criterion.benchmark_group("lifetime");
    group.bench_function("ended", |bencher| {
        bencher.iter(|| black_box(lifetime).ended(policy, black_box(now)));
    });
    group.bench_function("touched", |bencher| {
        bencher.iter(|| black_box(lifetime).touched(policy, black_box(now), black_box(now)));
    });
    group.bench_function("coalesced", |bencher| {
        let stored_at = now - policy.grace() / 2;
        bencher.iter(|| {
            policy.coalesce(
                black_box(&lifetime),
                black_box(stored_at),
                black_box(now),
                black_box(now),
            )
        });
    });
    group.bench_function("status", |bencher| {
        bencher.iter(|| black_box(lifetime).status(policy, generation, black_box(now)));
    });
    group.finish();
}
