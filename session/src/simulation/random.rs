//! Chance that depends on nothing but the seed and on what is being decided.

use fastrand::Rng;

/// The randomness for one decision, named by `what` and by the numbers that tell it from others.
///
/// No decision shifts another: a plan with a step less has the same fates everywhere else.
pub(super) fn dice(seed: u64, what: Decision, of: [u64; 3]) -> Rng {
    let mut state = mix(seed ^ mix(what as u64));
    for part in of {
        state = mix(state ^ part);
    }
    Rng::with_seed(state)
}

/// What is decided by chance.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decision {
    /// The plan as a whole.
    Plan,
    /// What becomes of a request.
    Fate,
    /// How late a timer fires.
    Lateness,
    /// How long a message between tabs takes.
    Message,
    /// When the user of a step acts next.
    Habit,
    /// The randomness that a monitor is given.
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
