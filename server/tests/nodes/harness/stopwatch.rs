//! Measures time, and waits for conditions.

use std::time::{Duration, Instant};

/// The machine's monotonic clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the time that a user sees pass is what is measured"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// Longer than anything that a test waits for takes on a busy machine. A test that waits this long
/// fails.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// Calls a function repeatedly until it returns something. Panics if that takes longer than
/// `timeout`.
pub async fn until<T>(what: &str, timeout: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = now();
    while begun.elapsed() < timeout {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}: not within {timeout:?}");
}
