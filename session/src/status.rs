//! What the server tells the browser of a session.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{EndReason, Generation};

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
    /// Time until the told idle deadline, grace already taken off. Zero during grace.
    #[serde(rename = "idle_remaining_ms", with = "millis")]
    pub idle_remaining: Duration,
    /// Time until the absolute deadline.
    #[serde(rename = "absolute_remaining_ms", with = "millis")]
    pub absolute_remaining: Duration,
    /// The warning period.
    #[serde(rename = "warning_ms", with = "millis")]
    pub warning: Duration,
    /// The grace.
    #[serde(rename = "grace_ms", with = "millis")]
    pub grace: Duration,
    /// How often activity is reported at most.
    #[serde(rename = "touch_interval_ms", with = "millis")]
    pub touch_interval: Duration,
    /// The session's generation.
    pub generation: Generation,
}

/// Durations as whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::whole_millis;

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(whole_millis(*duration))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_wire_format_is_the_contract() {
        let active = Status::Active(ActiveStatus {
            idle_remaining: Duration::from_millis(1_795_000),
            absolute_remaining: Duration::from_millis(43_100_000),
            warning: Duration::from_secs(120),
            grace: Duration::from_secs(5),
            touch_interval: Duration::from_secs(60),
            generation: Generation::from_random(0xabc),
        });
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
