//! Benchmarks of the rules. Run them with `cargo bench -p dwell-session`.

#[cfg(not(target_arch = "wasm32"))]
mod lifetime;
#[cfg(not(target_arch = "wasm32"))]
mod monitor;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), dwell_session::PolicyError> {
    use dwell_session::{Checks, Limits, Policy};

    let policy = Policy::new(Limits::default(), None, Checks::Enforce)?;
    let mut criterion = criterion::Criterion::default().configure_from_args();
    lifetime::measure(&mut criterion, &policy);
    monitor::measure(&mut criterion, &policy);
    criterion.final_summary();
    Ok(())
}

#[cfg(target_arch = "wasm32")]
fn main() {}
