//! The status of a session, as the server sends it to the browser.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{EndReason, Generation};

/// The status of a session. It holds durations and never instants, so that neither side needs to
/// know the other's clock (`A8`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Status {
    /// The session is live.
    Active(ActiveStatus),
    /// The session has ended.
    Ended {
        /// The reason.
        reason: EndReason,
    },
    /// The browser has no session: nobody has signed in.
    Anonymous,
}

/// The remaining times of a live session, and the settings that the browser needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveStatus {
    /// The time until the idle deadline that the browser is told, which is earlier than the real
    /// one by the grace. It is zero during grace.
    #[serde(rename = "idle_remaining_ms", with = "millis")]
    pub idle_remaining: Duration,
    /// The time until the absolute timeout.
    #[serde(rename = "absolute_remaining_ms", with = "millis")]
    pub absolute_remaining: Duration,
    /// How long before the told deadline the countdown is shown.
    #[serde(rename = "warning_ms", with = "millis")]
    pub warning: Duration,
    /// The part of the idle timeout that is kept for the network.
    #[serde(rename = "grace_ms", with = "millis")]
    pub grace: Duration,
    /// The shortest time between two reports of activity.
    #[serde(rename = "touch_interval_ms", with = "millis")]
    pub touch_interval: Duration,
    /// The session's generation.
    pub generation: Generation,
}

/// Serializes durations as whole milliseconds.
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
