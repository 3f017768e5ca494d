//! What the server tells the browser of a session.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{EndReason, Generation, Policy};

/// What the server says of a session: durations, never instants, so that neither side needs
/// to know the other's clock (`A8`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Status {
    /// The session lives.
    Active(ActiveStatus),
    /// The session has ended.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// There is no session: nobody has signed in.
    Anonymous,
}

/// What is left of a live session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveStatus {
    idle_remaining_ms: u64,
    absolute_remaining_ms: u64,
    warning_ms: u64,
    grace_ms: u64,
    touch_interval_ms: u64,
    generation: Generation,
}

impl ActiveStatus {
    /// A status with `idle_remaining` until the told idle deadline, grace already taken off,
    /// and `absolute_remaining` until the absolute one.
    pub fn new(
        idle_remaining: Duration,
        absolute_remaining: Duration,
        policy: &Policy,
        generation: Generation,
    ) -> Self {
        Self {
            idle_remaining_ms: millis(idle_remaining),
            absolute_remaining_ms: millis(absolute_remaining),
            warning_ms: millis(policy.warning()),
            grace_ms: millis(policy.grace()),
            touch_interval_ms: millis(policy.touch_interval()),
            generation,
        }
    }

    /// Time until the told idle deadline. Zero during grace.
    pub fn idle_remaining(&self) -> Duration {
        Duration::from_millis(self.idle_remaining_ms)
    }

    /// Time until the absolute deadline.
    pub fn absolute_remaining(&self) -> Duration {
        Duration::from_millis(self.absolute_remaining_ms)
    }

    /// The warning period.
    pub fn warning(&self) -> Duration {
        Duration::from_millis(self.warning_ms)
    }

    /// The grace.
    pub fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }

    /// How often activity is reported at most.
    pub fn touch_interval(&self) -> Duration {
        Duration::from_millis(self.touch_interval_ms)
    }

    /// The session's generation.
    pub fn generation(&self) -> Generation {
        self.generation
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{Checks, Limits};

    #[test]
    fn the_wire_format_is_the_contract() {
        let policy = Policy::new(Limits::default(), None, Checks::Enforce).unwrap();
        let active = Status::Active(ActiveStatus::new(
            Duration::from_millis(1_795_000),
            Duration::from_millis(43_100_000),
            &policy,
            Generation::from_random(0xabc),
        ));
        let wire = json!({
            "state": "active",
            "idle_remaining_ms": 1_795_000,
            "absolute_remaining_ms": 43_100_000,
            "warning_ms": 120_000,
            "grace_ms": 5_000,
            "touch_interval_ms": 60_000,
            "generation": "00000000000000000000000000000abc",
        });
        assert_eq!(serde_json::to_value(active).unwrap(), wire);
        assert_eq!(serde_json::from_value::<Status>(wire).unwrap(), active);

        let ended = Status::Ended {
            reason: EndReason::IdleTimeout,
        };
        assert_eq!(
            serde_json::to_value(ended).unwrap(),
            json!({"state": "ended", "reason": "idle_timeout"})
        );
    }
}
