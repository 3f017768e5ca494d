//! When touches are written to the store.
//!
//! A person at work touches the session many times a minute, and writing each touch would make the
//! store the bottleneck. So touches are coalesced: the first is written through, those that follow
//! within the grace are deferred, and the latest of them is written by maintenance. The grace is
//! taken off every deadline that a browser is told, so a crash that loses deferred touches never
//! ends a session before its told deadline.

use std::time::Duration;

use super::Policy;
use crate::{EndReason, Instant, Lifetime};

/// Bounds of the time between two rounds of maintenance: more often would burden the store, less
/// often would be noticed in how late an ended session is swept.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(20);
const LONGEST_INTERVAL: Duration = Duration::from_secs(1);

/// What becomes of a touch, as [`Policy::coalesce`] decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum TouchDecision {
    /// The touch is written before it is answered, and the answer is what the store then says.
    WriteThrough,
    /// The touch is answered at once and written later.
    Defer {
        /// The lifetime after the touch.
        lifetime: Lifetime,
        /// What is to be written, and when.
        touch: DeferredTouch,
    },
    /// The touch is answered at once and needs no write: an activity at least as late is stored or
    /// deferred already.
    Unchanged(Lifetime),
    /// The session has ended, and the touch does not change that.
    Ended(EndReason),
}

/// A touch that has been answered and is yet to be written.
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

    /// From when on the touch is to be written, which the next round of maintenance does.
    pub fn due_at(&self) -> Instant {
        self.due_at
    }

    /// The touch after another of the same session at `at` has been deferred as well: the later of
    /// the two is written, and it is due no later than before.
    pub fn coalesced_with(self, at: Instant) -> Self {
        Self {
            at: self.at.max(at),
            ..self
        }
    }

    /// What is left to be written once a touch of the same session at `written_at` has been. Nothing
    /// if that was this touch or a later one.
    pub fn after_write(self, policy: &Policy, written_at: Instant) -> Option<Self> {
        (self.at > written_at).then(|| policy.deferred(self.at, written_at))
    }
}

impl Policy {
    /// Decides what becomes of a touch: an activity of the user at `at`, of which the server learns
    /// at `now`.
    ///
    /// `lifetime` is what is known of the session, deferred touches included, and `stored_at` is the
    /// last activity in the store. Both may be older than what the store knows by now, never newer.
    /// All instants are on the store's clock.
    ///
    /// A touch is deferred only while `stored_at` is less than the grace ago, so the stored last
    /// activity is never the grace behind what a browser has been told. Otherwise it is written
    /// through, also where `lifetime` has ended: another node may have extended the session.
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

    /// A touch at `at` that is deferred where the last activity in the store is from `stored_at`.
    ///
    /// It is due half of the grace after `stored_at`. Maintenance has the other half to write it, so
    /// that hardly any later touch has to be written through.
    #[inline]
    pub fn deferred(&self, at: Instant, stored_at: Instant) -> DeferredTouch {
        DeferredTouch {
            at,
            due_at: stored_at + self.write_after(),
        }
    }

    /// The longest time between two rounds of maintenance, which writes the deferred touches that
    /// are due and then sweeps the sessions that time has ended: a quarter of the grace, at least
    /// 20 milliseconds and at most a second.
    ///
    /// A server runs its maintenance by the policy in force, also for sessions with a
    /// [tightened](Self::tightened) one. If a round is then too late for a shorter grace, the next
    /// touch is written through, so nothing is lost.
    pub fn maintenance_interval(&self) -> Duration {
        (self.limits.grace / 4).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)
    }

    /// The longest time for which a deferred touch waits to be written, while the store works and
    /// maintenance is on time. Less than the grace, if that is more than 40 milliseconds.
    pub fn longest_deferral(&self) -> Duration {
        self.write_after() + self.maintenance_interval()
    }

    /// Whether a touch at `now` may be deferred, where the last activity in the store is from
    /// `stored_at`. See [`coalesce`](Self::coalesce).
    #[inline]
    fn may_defer(&self, stored_at: Instant, now: Instant) -> bool {
        now.since(stored_at) < self.limits.grace
    }

    /// How long after the last activity in the store a deferred touch is due: half of the grace.
    /// See [`deferred`](Self::deferred).
    #[inline]
    fn write_after(&self) -> Duration {
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
    fn a_touch_is_written_through_once_the_stored_one_is_the_grace_old() {
        for grace in [MS, Duration::from_millis(500), Duration::from_secs(5)] {
            let policy = policy(grace);
            let lifetime = Lifetime::begin(at(1));
            let decide = |now| policy.coalesce(&lifetime, at(1), now, now);
            assert_ne!(decide(at(1) + grace - MS), TouchDecision::WriteThrough);
            assert_eq!(decide(at(1) + grace), TouchDecision::WriteThrough);
        }
    }

    #[test]
    fn a_deferred_touch_is_due_half_of_the_grace_after_the_stored_one() {
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
    fn a_write_leaves_only_what_is_later() {
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
    fn a_touch_that_tells_nothing_new_is_not_written() {
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
    fn the_absolute_timeout_ends_what_is_touched_all_the_time() {
        let policy = policy(Duration::from_secs(6));
        let end = at(0) + policy.absolute();
        let lifetime = Lifetime::stored(at(0), end - MS);
        assert_eq!(
            policy.coalesce(&lifetime, end - MS, end, end),
            TouchDecision::Ended(EndReason::AbsoluteTimeout)
        );
    }

    #[test]
    fn a_session_that_seems_to_have_been_idle_for_too_long_is_for_the_store_to_judge() {
        let policy = policy(Duration::from_secs(6));
        let now = at(0) + policy.idle();
        assert_eq!(
            policy.coalesce(&Lifetime::begin(at(0)), at(0), now, now),
            TouchDecision::WriteThrough
        );
    }

    #[test]
    fn maintenance_is_often_enough_for_the_grace_and_rare_enough_for_the_store() {
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

        /// Whoever writes late, or never, loses less than the grace of what has been told.
        #[test]
        fn the_store_is_never_the_grace_behind_what_has_been_told(
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
