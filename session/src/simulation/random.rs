//! Random numbers that depend only on the seed and on the decision that they are for.

use fastrand::Rng;

/// The random number generator for one decision. `decision` is its kind, and the numbers in
/// `of` tell it from others of that kind.
///
/// Decisions are independent of each other: if a plan loses a step, everything else is decided as
/// before.
pub(super) fn rng(seed: u64, decision: Decision, of: [u64; 3]) -> Rng {
    let mut state = mix(seed ^ mix(decision as u64));
    for part in of {
        state = mix(state ^ part);
    }
    Rng::with_seed(state)
}

/// A kind of random decision.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decision {
    /// The plan as a whole.
    Plan,
    /// How a request is transmitted.
    Transit,
    /// How late a timer fires.
    Lateness,
    /// How long a message between tabs takes.
    Message,
    /// When the user of a step acts next.
    Habit,
    /// The seed of a monitor.
    Jitter,
    /// How late a round of maintenance is.
    Maintenance,
}

/// One round of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
