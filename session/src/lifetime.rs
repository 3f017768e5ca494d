//! The deadline of a session, and how activity moves it.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{ActiveStatus, Generation, Instant, Policy, Status};

/// The two instants of a session from which its deadline follows: when the user authenticated, and
/// when the user was last active. All instants are on one clock, that of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    authenticated_at: Instant,
    last_active_at: Instant,
}

impl Lifetime {
    /// The lifetime of a session that begins with an authentication at `now`.
    pub fn begin(now: Instant) -> Self {
        Self {
            authenticated_at: now,
            last_active_at: now,
        }
    }

    /// The lifetime with the instants that a store has kept.
    pub fn stored(authenticated_at: Instant, last_active_at: Instant) -> Self {
        Self {
            authenticated_at,
            last_active_at,
        }
    }

    /// When the user authenticated.
    pub fn authenticated_at(&self) -> Instant {
        self.authenticated_at
    }

    /// When the user was last active.
    pub fn last_active_at(&self) -> Instant {
        self.last_active_at
    }

    /// This lifetime with every instant that is later than `now` replaced by `now`.
    ///
    /// A clock that was ahead for a moment, or a restored database, can leave such instants behind.
    /// They must not extend a session beyond its limits.
    pub fn as_of(&self, now: Instant) -> Self {
        Self {
            authenticated_at: self.authenticated_at.min(now),
            last_active_at: self.last_active_at.min(now),
        }
    }

    /// The instant at which the session ends if there is no further activity, and the limit that
    /// ends it.
    pub fn deadline(&self, policy: &Policy) -> Deadline {
        self.deadline_within(policy.idle(), policy.absolute())
    }

    /// Like [`deadline`](Self::deadline), with the idle and the absolute timeout given directly.
    pub fn deadline_within(&self, idle: Duration, absolute: Duration) -> Deadline {
        let idle = self.last_active_at + idle;
        let absolute = self.authenticated_at + absolute;
        if idle < absolute {
            Deadline {
                at: idle,
                limit: Limit::Idle,
            }
        } else {
            Deadline {
                at: absolute,
                limit: Limit::Absolute,
            }
        }
    }

    /// The reason for which the session has ended by `now`, or `None` if no timeout has passed
    /// (`A1`, `A2`). Other ends, such as signing out, are not known here.
    pub fn ended(&self, policy: &Policy, now: Instant) -> Option<EndReason> {
        let deadline = self.deadline(policy);
        (now >= deadline.at).then(|| deadline.limit.into())
    }

    /// The lifetime after the user was active at `at`, which the server learns at `now`.
    ///
    /// An instant before the last known activity is replaced by that activity, and an instant after
    /// `now` by `now`. The absolute timeout does not move (`A3`).
    ///
    /// # Errors
    ///
    /// If the session has ended by `now`, the error is the reason. Activity never revives a session
    /// (`A10`).
    pub fn touched(&self, policy: &Policy, at: Instant, now: Instant) -> Result<Self, EndReason> {
        if let Some(reason) = self.ended(policy, now) {
            return Err(reason);
        }
        Ok(Self {
            last_active_at: at.min(now).max(self.last_active_at),
            ..*self
        })
    }

    /// The status that the browser is told at `now`.
    pub fn status(&self, policy: &Policy, generation: Generation, now: Instant) -> Status {
        match self.ended(policy, now) {
            Some(reason) => Status::Ended { reason },
            None => Status::Active(self.remaining(policy, generation, now)),
        }
    }

    /// The remaining times at `now`. They never exceed the limits, and they are zero if the session
    /// has ended.
    pub fn remaining(&self, policy: &Policy, generation: Generation, now: Instant) -> ActiveStatus {
        let known = self.as_of(now);
        let told_idle = known.last_active_at + (policy.idle() - policy.grace());
        let absolute = known.authenticated_at + policy.absolute();
        ActiveStatus {
            idle_remaining: told_idle.since(now),
            absolute_remaining: absolute.since(now),
            warning: policy.warning(),
            grace: policy.grace(),
            touch_interval: policy.touch_interval(),
            generation,
        }
    }
}

/// The instant at which a session ends, with the limit that ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// The first instant at which the session has ended.
    pub at: Instant,
    /// The limit that ends it.
    pub limit: Limit,
}

/// One of the two timeouts of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The idle timeout, which starts again with every activity.
    Idle,
    /// The absolute timeout, which nothing can extend.
    Absolute,
}

/// Why a session ended (`C7`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The idle timeout passed.
    IdleTimeout,
    /// The absolute timeout passed.
    AbsoluteTimeout,
    /// The user signed out.
    SignedOut,
    /// Somebody ended it from elsewhere, for example from another session or as an operator.
    Revoked,
    /// A new session replaced it, at a new sign-in or re-authentication.
    Replaced,
    /// The database was restored from a backup.
    Restored,
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::IdleTimeout,
        Self::AbsoluteTimeout,
        Self::SignedOut,
        Self::Revoked,
        Self::Replaced,
        Self::Restored,
    ];

    /// The name that is used in the HTTP contract, in the store and in the log, such as
    /// `idle_timeout`.
    pub fn name(self) -> &'static str {
        match self {
            Self::IdleTimeout => "idle_timeout",
            Self::AbsoluteTimeout => "absolute_timeout",
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::Replaced => "replaced",
            Self::Restored => "restored",
        }
    }

    /// Whether nobody meant to end the session. In that case the page is kept, concealed, until the
    /// same person signs in again.
    pub fn keeps_page(self) -> bool {
        match self {
            Self::IdleTimeout | Self::AbsoluteTimeout | Self::Restored => true,
            Self::SignedOut | Self::Revoked | Self::Replaced => false,
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EndReason {
    type Err = UnknownEndReason;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.name() == name)
            .ok_or(UnknownEndReason)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("idle"),
            Self::Absolute => f.write_str("absolute"),
        }
    }
}

impl From<Limit> for EndReason {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::Idle => Self::IdleTimeout,
            Limit::Absolute => Self::AbsoluteTimeout,
        }
    }
}

/// The error for a name that is not that of an [`EndReason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no end reason has this name")]
pub struct UnknownEndReason;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{Checks, Limits};

    const MS: Duration = Duration::from_millis(1);

    fn policy() -> Policy {
        Policy::new(Limits::default(), None, Checks::Enforce).unwrap()
    }

    fn policies() -> impl Strategy<Value = Policy> {
        (
            1u64..10_000,
            1u64..100_000,
            1u64..1_000_000,
            1u64..10_000_000,
        )
            .prop_map(|(grace, warning, idle, absolute)| {
                let grace = Duration::from_millis(grace);
                let warning = grace + Duration::from_millis(warning);
                let idle = warning + grace + Duration::from_millis(idle);
                let absolute = idle + Duration::from_millis(absolute);
                let limits = Limits {
                    idle,
                    absolute,
                    warning,
                    grace,
                };
                Policy::new(limits, None, Checks::Warn).unwrap()
            })
    }

    fn generation() -> Generation {
        Generation::from_random(1)
    }

    // A1
    #[test]
    fn the_idle_timeout_ends_the_session_at_the_exact_millisecond() {
        let policy = policy();
        let lifetime = Lifetime::begin(Instant::from_millis(0));
        let deadline = lifetime.deadline(&policy).at;
        assert_eq!(deadline, Instant::from_millis(0) + policy.idle());
        assert_eq!(lifetime.ended(&policy, deadline - MS), None);
        let ended = Some(EndReason::IdleTimeout);
        assert_eq!(lifetime.ended(&policy, deadline), ended);
        assert_eq!(lifetime.ended(&policy, deadline + MS), ended);
    }

    // A2
    #[test]
    fn the_absolute_timeout_ends_the_session_at_the_exact_millisecond() {
        let policy = policy();
        let end = Instant::from_millis(0) + policy.absolute();
        let lifetime = Lifetime::stored(Instant::from_millis(0), end - MS);
        assert_eq!(lifetime.ended(&policy, end - MS), None);
        let ended = Some(EndReason::AbsoluteTimeout);
        assert_eq!(lifetime.ended(&policy, end), ended);
        assert_eq!(lifetime.ended(&policy, end + MS), ended);
    }

    // A10
    #[test]
    fn a_touch_is_accepted_until_the_last_millisecond() {
        let policy = policy();
        let lifetime = Lifetime::begin(Instant::from_millis(0));
        let deadline = lifetime.deadline(&policy).at;
        let last = deadline - MS;
        let touched = lifetime.touched(&policy, last, last).unwrap();
        assert_eq!(touched.last_active_at(), last);
        assert_eq!(
            lifetime.touched(&policy, last, deadline),
            Err(EndReason::IdleTimeout)
        );
    }

    #[test]
    fn grace_is_subtracted_from_the_idle_timeout_and_not_from_the_absolute_timeout() {
        let policy = policy();
        let now = Instant::from_millis(0);
        let Status::Active(status) = Lifetime::begin(now).status(&policy, generation(), now) else {
            panic!("a session that has just begun is active");
        };
        assert_eq!(status.idle_remaining, policy.idle() - policy.grace());
        assert_eq!(status.absolute_remaining, policy.absolute());
    }

    #[test]
    fn during_grace_the_remaining_time_is_zero_and_the_session_is_live() {
        let policy = policy();
        let lifetime = Lifetime::begin(Instant::from_millis(0));
        let told = lifetime.deadline(&policy).at - policy.grace();
        for now in [told, lifetime.deadline(&policy).at - MS] {
            let Status::Active(status) = lifetime.status(&policy, generation(), now) else {
                panic!("the session is live during grace, which is part of the idle timeout");
            };
            assert_eq!(status.idle_remaining, Duration::ZERO);
        }
    }

    #[test]
    fn a_reason_is_found_by_its_name() {
        for reason in EndReason::ALL {
            assert_eq!(reason.name().parse(), Ok(reason));
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("{:?}", reason.name()));
        }
    }

    proptest! {
        // A10
        #[test]
        fn a_touch_never_revives(policy in policies(), past in 0u64..10_000_000, at: i32) {
            let lifetime = Lifetime::begin(Instant::from_millis(0));
            let now = lifetime.deadline(&policy).at + Duration::from_millis(past);
            prop_assert!(lifetime.touched(&policy, Instant::from_millis(at.into()), now).is_err());
        }

        // A3
        #[test]
        fn a_touch_never_moves_back_or_past_now_or_the_absolute_timeout(
            policy in policies(),
            touches in prop::collection::vec((-1_000_000i64..20_000_000, 0u64..1_000_000), 1..20),
        ) {
            let mut now = Instant::from_millis(0);
            let mut lifetime = Lifetime::begin(now);
            let absolute = now + policy.absolute();
            for (at, wait) in touches {
                now = now + Duration::from_millis(wait);
                let Ok(touched) = lifetime.touched(&policy, Instant::from_millis(at), now) else {
                    break;
                };
                prop_assert!(touched.last_active_at() >= lifetime.last_active_at());
                prop_assert!(touched.last_active_at() <= now);
                prop_assert_eq!(touched.authenticated_at(), lifetime.authenticated_at());
                prop_assert!(touched.deadline(&policy).at >= lifetime.deadline(&policy).at);
                prop_assert!(touched.deadline(&policy).at <= absolute);
                lifetime = touched;
            }
        }

        // A1, A2
        #[test]
        fn whatever_is_stored_no_session_is_told_more_or_lives_longer_than_the_limits(
            policy in policies(),
            (authenticated_at, last_active_at, now, at) in any::<(i32, i32, i32, i32)>(),
        ) {
            let [authenticated_at, last_active_at, now, at] =
                [authenticated_at, last_active_at, now, at].map(|at| Instant::from_millis(at.into()));
            let stored = Lifetime::stored(authenticated_at, last_active_at);
            let touched = stored.touched(&policy, at, now).unwrap_or(stored);
            prop_assert!(touched.last_active_at() >= stored.last_active_at());
            for lifetime in [stored, touched] {
                let told = lifetime.remaining(&policy, generation(), now);
                prop_assert!(told.idle_remaining <= policy.idle() - policy.grace());
                prop_assert!(told.absolute_remaining <= policy.absolute());
                let longest = policy.idle().min(policy.absolute());
                prop_assert!(lifetime.as_of(now).deadline(&policy).at <= now + longest);
            }
        }

        #[test]
        fn activity_preserves(policy in policies(), at in 0i64..100_000, late in 0u64..100_000) {
            let lifetime = Lifetime::begin(Instant::from_millis(0));
            let (at, now) = (Instant::from_millis(at), Instant::from_millis(at) + Duration::from_millis(late));
            if let Ok(touched) = lifetime.touched(&policy, at, now) {
                let promised = (at + policy.idle()).min(Instant::from_millis(0) + policy.absolute());
                prop_assert!(touched.deadline(&policy).at >= promised);
            }
        }

        #[test]
        fn status_is_monotone_without_activity(
            policy in policies(),
            waits in prop::collection::vec(0u64..200_000, 1..30),
        ) {
            let mut now = Instant::from_millis(0);
            let lifetime = Lifetime::begin(now);
            let mut left = Duration::MAX;
            let mut ended = false;
            for wait in waits {
                now = now + Duration::from_millis(wait);
                match lifetime.status(&policy, generation(), now) {
                    Status::Active(status) => {
                        prop_assert!(!ended);
                        let remaining = status.idle_remaining.min(status.absolute_remaining);
                        prop_assert!(remaining <= left);
                        left = remaining;
                    }
                    Status::Ended { reason } => {
                        ended = true;
                        prop_assert_eq!(Some(reason), lifetime.ended(&policy, now));
                    }
                    Status::Anonymous => prop_assert!(false),
                }
            }
        }
    }
}
