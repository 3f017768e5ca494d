//! Decides which touches are written to the store at once and which are deferred.
//!
//! A person at work touches the session many times a minute, and writing each touch would make the
//! store the bottleneck. So touches are coalesced: the first is written through, those that follow
//! within the grace are deferred, and maintenance writes the latest of them. The deadline that a
//! browser is told is earlier by the grace, so a crash that loses deferred touches never ends a
//! session before its told deadline.

use std::time::Duration;

use super::Policy;
use crate::{EndReason, Instant, Lifetime};

/// The shortest and the longest time between two rounds of maintenance. More frequent rounds would
/// burden the store, and rarer ones would noticeably delay the sweeping of ended sessions.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(20);
const LONGEST_INTERVAL: Duration = Duration::from_secs(1);

/// The decision of [`Policy::coalesce`] about a touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum TouchDecision {
    /// The touch must be written before the request is answered, and the answer is what the store
    /// then returns.
    WriteThrough,
    /// The request is answered at once, and the touch is written later.
    Defer {
        /// The lifetime after the touch.
        lifetime: Lifetime,
        /// The touch that has to be written, and when.
        touch: DeferredTouch,
    },
    /// The request is answered at once, and nothing needs to be written: an activity that is at
    /// least as late is already stored or deferred.
    Unchanged(Lifetime),
    /// The session has ended. The touch does not revive it.
    Ended(EndReason),
}

/// A touch whose request has been answered and which has not been written yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeferredTouch {
    at: Instant,
    due_at: Instant,
}

impl DeferredTouch {
    /// When the user was active.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// When the touch is due. The next round of maintenance after this instant writes it.
    pub fn due_at(&self) -> Instant {
        self.due_at
    }

    /// This touch combined with another deferred touch of the same session, at `at`: the later of
    /// the two is written, and the combined touch is due when this one was.
    pub fn coalesced_with(self, at: Instant) -> Self {
        Self {
            at: self.at.max(at),
            ..self
        }
    }

    /// The touch that remains to be written after a touch of the same session at `written_at` has
    /// been written. `None` if that was this touch or a later one.
    pub fn after_write(self, policy: &Policy, written_at: Instant) -> Option<Self> {
        (self.at > written_at).then(|| policy.deferred(self.at, written_at))
    }
}

impl Policy {
    /// Decides whether a touch is written at once or deferred. `at` is when the user was active,
    /// and `now` is when the server learns of it.
    ///
    /// `lifetime` includes deferred touches, and `stored_at` is the last activity in the store.
    /// Both may be older than what the store has by now, but never newer. All instants are on the
    /// store's clock.
    ///
    /// A touch is deferred only while `stored_at` is less than the grace ago, so the last activity
    /// in the store is always less than the grace behind what a browser has been told. Otherwise
    /// the touch is written through, even if `lifetime` has ended, because another node may have
    /// extended the session.
    #[inline]
    pub fn coalesce(
        &self,
        lifetime: &Lifetime,
        stored_at: Instant,
        at: Instant,
        now: Instant,
    ) -> TouchDecision {
        if !self.may_defer(stored_at, now) {
            return TouchDecision::WriteThrough;
        }
        let touched = match lifetime.touched(self, at, now) {
            Ok(touched) => touched,
            Err(reason) => return TouchDecision::Ended(reason),
        };
        let at = touched.last_active_at();
        if at > stored_at && at > lifetime.last_active_at() {
            TouchDecision::Defer {
                lifetime: touched,
                touch: self.deferred(at, stored_at),
            }
        } else {
            TouchDecision::Unchanged(touched)
        }
    }

    /// The deferred touch for an activity at `at`, if the last activity in the store is at
    /// `stored_at`.
    ///
    /// It is due half of the grace after `stored_at`, so that maintenance has the other half to
    /// write it and few later touches have to be written through.
    #[inline]
    pub fn deferred(&self, at: Instant, stored_at: Instant) -> DeferredTouch {
        DeferredTouch {
            at,
            due_at: stored_at + self.deferral(),
        }
    }

    /// The longest time between two rounds of maintenance, which writes the deferred touches that
    /// are due and then sweeps the sessions whose timeout has passed. It is a quarter of the grace,
    /// at least 20 milliseconds and at most a second.
    ///
    /// A server runs maintenance at the interval of its own policy, even for sessions with a
    /// [tightened](Self::tightened) policy. If that is too late for their shorter grace, their next
    /// touch is written through, so nothing is lost.
    pub fn maintenance_interval(&self) -> Duration {
        (self.limits.grace / 4).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)
    }

    /// The longest time that a deferred touch waits to be written, while the store works and
    /// maintenance is on time. It is less than the grace if the grace is more than 40 milliseconds.
    pub fn longest_deferral(&self) -> Duration {
        self.deferral() + self.maintenance_interval()
    }

    /// Whether a touch at `now` may be deferred, if the last activity in the store is at
    /// `stored_at`. See [`coalesce`](Self::coalesce).
    #[inline]
    fn may_defer(&self, stored_at: Instant, now: Instant) -> bool {
        now.since(stored_at) < self.limits.grace
    }

    /// How long after the last activity in the store a deferred touch is due: half of the grace.
    /// See [`deferred`](Self::deferred).
    #[inline]
    fn deferral(&self) -> Duration {
        self.limits.grace / 2
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{Checks, Limits};

    const MS: Duration = Duration::from_millis(1);

    fn policy(grace: Duration) -> Policy {
        let limits = Limits {
            grace,
            ..Limits::default()
        };
        Policy::new(limits, None, Checks::Warn).unwrap()
    }

    fn at(secs: i64) -> Instant {
        Instant::from_millis(secs * 1_000)
    }

    #[test]
    fn a_touch_is_written_through_once_the_stored_activity_is_as_old_as_the_grace() {
        for grace in [MS, Duration::from_millis(500), Duration::from_secs(5)] {
            let policy = policy(grace);
            let lifetime = Lifetime::begin(at(1));
            let decide = |now| policy.coalesce(&lifetime, at(1), now, now);
            assert_ne!(decide(at(1) + grace - MS), TouchDecision::WriteThrough);
            assert_eq!(decide(at(1) + grace), TouchDecision::WriteThrough);
        }
    }

    #[test]
    fn a_deferred_touch_is_due_half_of_the_grace_after_the_stored_activity() {
        let policy = policy(Duration::from_secs(6));
        let lifetime = Lifetime::begin(at(0));
        let TouchDecision::Defer { lifetime, touch } =
            policy.coalesce(&lifetime, at(0), at(2), at(2))
        else {
            panic!("the store is not behind");
        };
        assert_eq!(lifetime.last_active_at(), at(2));
        assert_eq!((touch.at(), touch.due_at()), (at(2), at(3)));
    }

    #[test]
    fn the_latest_of_the_deferred_touches_is_written_when_the_first_was_due() {
        let policy = policy(Duration::from_secs(6));
        let touch = policy.deferred(at(2), at(0));
        let later = touch.coalesced_with(at(4)).coalesced_with(at(1));
        assert_eq!((later.at(), later.due_at()), (at(4), at(3)));
    }

    #[test]
    fn a_write_leaves_only_later_touches_to_be_written() {
        let policy = policy(Duration::from_secs(6));
        let touch = policy.deferred(at(4), at(0));
        assert_eq!(touch.after_write(&policy, at(4)), None);
        assert_eq!(touch.after_write(&policy, at(5)), None);
        assert_eq!(
            touch.after_write(&policy, at(3)),
            Some(policy.deferred(at(4), at(3)))
        );
    }

    #[test]
    fn a_touch_that_is_not_later_is_not_written() {
        let policy = policy(Duration::from_secs(6));
        let lifetime = Lifetime::stored(at(0), at(3));
        for stored_at in [at(0), at(3)] {
            assert_eq!(
                policy.coalesce(&lifetime, stored_at, at(2), at(4)),
                TouchDecision::Unchanged(lifetime)
            );
        }
    }

    #[test]
    fn the_absolute_timeout_ends_a_session_that_is_touched_all_the_time() {
        let policy = policy(Duration::from_secs(6));
        let end = at(0) + policy.absolute();
        let lifetime = Lifetime::stored(at(0), end - MS);
        assert_eq!(
            policy.coalesce(&lifetime, end - MS, end, end),
            TouchDecision::Ended(EndReason::AbsoluteTimeout)
        );
    }

    #[test]
    fn the_store_decides_whether_a_session_that_seems_idle_for_too_long_has_ended() {
        let policy = policy(Duration::from_secs(6));
        let now = at(0) + policy.idle();
        assert_eq!(
            policy.coalesce(&Lifetime::begin(at(0)), at(0), now, now),
            TouchDecision::WriteThrough
        );
    }

    #[test]
    fn the_maintenance_interval_follows_the_grace_within_its_bounds() {
        let interval = |grace| policy(grace).maintenance_interval();
        assert_eq!(interval(MS), SHORTEST_INTERVAL);
        assert_eq!(interval(Duration::from_secs(2)), Duration::from_millis(500));
        assert_eq!(interval(Duration::from_secs(5)), LONGEST_INTERVAL);
    }

    proptest! {
        #[test]
        fn maintenance_that_is_on_time_writes_within_the_grace(grace in 41u64..60_000) {
            let policy = policy(Duration::from_millis(grace));
            prop_assert!(policy.longest_deferral() < policy.grace());
        }

        /// Even if writes are late or never happen, less than the grace of what browsers were told
        /// is lost.
        #[test]
        fn the_store_is_always_less_than_the_grace_behind_what_browsers_were_told(
            grace in 1u64..10_000,
            steps in prop::collection::vec((0u64..4_000, 0u64..4_000, any::<bool>()), 1..60),
        ) {
            let policy = policy(Duration::from_millis(grace));
            let mut now = at(0);
            let mut stored = Lifetime::begin(now);
            let mut known = stored;
            let mut deferred: Option<DeferredTouch> = None;
            for (wait, ago, is_maintained) in steps {
                now = now + Duration::from_millis(wait);
                if let Some(touch) = deferred.filter(|touch| is_maintained && touch.due_at() <= now) {
                    stored = stored.touched(&policy, touch.at(), now).unwrap();
                    deferred = touch.after_write(&policy, touch.at());
                    prop_assert_eq!(deferred, None);
                }
                let active_at = now - Duration::from_millis(ago);
                match policy.coalesce(&known, stored.last_active_at(), active_at, now) {
                    TouchDecision::WriteThrough => {
                        stored = stored.touched(&policy, active_at, now).unwrap();
                        deferred = deferred
                            .and_then(|touch| touch.after_write(&policy, active_at));
                        known = stored.touched(&policy, known.last_active_at(), now).unwrap();
                    }
                    TouchDecision::Defer { lifetime, touch } => {
                        prop_assert!(lifetime.last_active_at() > known.last_active_at());
                        known = lifetime;
                        deferred = Some(match deferred {
                            Some(earlier) => earlier.coalesced_with(touch.at()),
                            None => touch,
                        });
                    }
                    TouchDecision::Unchanged(lifetime) => prop_assert_eq!(lifetime, known),
                    TouchDecision::Ended(reason) => prop_assert!(false, "{}", reason),
                }
                let behind = known.last_active_at().since(stored.last_active_at());
                prop_assert!(behind < policy.grace());
                let to_write = deferred.map_or(stored.last_active_at(), |touch| touch.at());
                prop_assert_eq!(to_write.max(stored.last_active_at()), known.last_active_at());
            }
        }
    }
}
