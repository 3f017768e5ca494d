//! Stricter policies for single sessions.

use std::time::Duration;

use super::{Policy, PolicyError, Rule, rule::Severity};
use crate::Limit;

impl Policy {
    /// The policy for one session with a shorter idle timeout, a shorter absolute timeout, or both.
    /// A timeout that is `None` does not change.
    ///
    /// The warning period and the grace do not change unless the shorter idle timeout leaves no
    /// room for them: see [`capped`](Self::capped), which returns the same policy from timeouts
    /// that were accepted here and stored with the session.
    ///
    /// Instants are whole milliseconds, so fractions of a millisecond have no effect.
    ///
    /// # Errors
    ///
    /// * [`TightenError::Looser`]: a timeout is longer than that of this policy.
    /// * [`TightenError::Broken`]: the timeouts break a rule without which the library does not
    ///   work, for example if the absolute timeout is no longer than the idle timeout, or a rule of
    ///   a standard that this policy keeps, for example if the warning period would be less than 20
    ///   seconds.
    pub fn tightened(
        &self,
        idle: Option<Duration>,
        absolute: Option<Duration>,
    ) -> Result<Self, TightenError> {
        let idle = no_longer_than(Limit::Idle, idle, self.idle())?;
        let absolute = no_longer_than(Limit::Absolute, absolute, self.absolute())?;
        let tightened = self.capped(idle, absolute);
        let limits = tightened.limits;
        let broken = Rule::all(None)
            .filter(|rule| match rule.severity() {
                Severity::Mechanism => true,
                Severity::Standard => rule.holds(&self.limits),
                Severity::Advice => false,
            })
            .find(|rule| !rule.holds(&limits));
        match broken {
            Some(rule) => Err(PolicyError { rule, limits }.into()),
            None => Ok(tightened),
        }
    }
}

fn no_longer_than(
    limit: Limit,
    wanted: Option<Duration>,
    in_force: Duration,
) -> Result<Duration, TightenError> {
    match wanted {
        Some(wanted) if wanted > in_force => Err(TightenError::Looser {
            limit,
            wanted,
            in_force,
        }),
        Some(wanted) => Ok(wanted),
        None => Ok(in_force),
    }
}

/// The reason why a policy cannot be tightened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TightenError {
    /// A timeout is longer than that of the policy in force.
    #[error(
        "the {limit} timeout of a session may be at most {in_force:?}, and {wanted:?} was asked for"
    )]
    Looser {
        /// The timeout that is too long.
        limit: Limit,
        /// The timeout that was asked for.
        wanted: Duration,
        /// The timeout of the policy in force.
        in_force: Duration,
    },
    /// The tightened limits break a rule.
    #[error(transparent)]
    Broken(#[from] PolicyError),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{
        Checks, Instant, Lifetime, Limits,
        policy::{HOUR, MINUTE},
    };

    fn policy() -> Policy {
        Policy::new(Limits::default(), None, Checks::Enforce).unwrap()
    }

    #[test]
    fn each_timeout_can_be_shortened_by_itself() {
        let limits = |idle, absolute| policy().tightened(idle, absolute).unwrap().limits();
        let usual = Limits::default();
        assert_eq!(limits(None, None), usual);
        assert_eq!(
            limits(Some(5 * MINUTE), None),
            Limits {
                idle: 5 * MINUTE,
                ..usual
            }
        );
        assert_eq!(
            limits(None, Some(HOUR)),
            Limits {
                absolute: HOUR,
                ..usual
            }
        );
    }

    #[test]
    fn a_timeout_that_is_a_millisecond_too_long_is_refused() {
        let longer = |limit: Duration| limit + Duration::from_millis(1);
        let Limits { idle, absolute, .. } = Limits::default();
        assert_eq!(
            policy().tightened(Some(longer(idle)), None),
            Err(TightenError::Looser {
                limit: Limit::Idle,
                wanted: longer(idle),
                in_force: idle,
            })
        );
        let error = policy()
            .tightened(None, Some(longer(absolute)))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the absolute timeout of a session may be at most 43200s, and 43200.001s was asked for"
        );
        assert_eq!(policy().tightened(Some(idle), Some(absolute)), Ok(policy()));
    }

    #[test]
    fn timeouts_that_break_a_rule_are_refused_with_that_rule() {
        let broken = |idle, absolute| match policy().tightened(idle, absolute) {
            Err(TightenError::Broken(error)) => error.rule,
            other => panic!("{other:?}"),
        };
        let seconds = Duration::from_secs;
        assert_eq!(broken(Some(seconds(39)), None), Rule::WarningLongEnough);
        assert_eq!(broken(None, Some(20 * MINUTE)), Rule::IdleBelowAbsolute);
        assert_eq!(broken(Some(Duration::ZERO), None), Rule::Representable);
    }

    #[test]
    fn the_warning_becomes_shorter_only_if_the_idle_timeout_has_no_room_for_it() {
        let warning = |idle| policy().tightened(Some(idle), None).unwrap().warning();
        assert_eq!(warning(4 * MINUTE), 2 * MINUTE);
        assert_eq!(warning(MINUTE), MINUTE / 2);
    }

    fn durations(millis: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
        millis.prop_map(Duration::from_millis)
    }

    proptest! {
        #[test]
        fn a_tightened_policy_is_never_looser_and_keeps_the_rules(
            base in (
                durations(1..100_000),
                durations(1..100_000),
                durations(1..10_000_000),
                durations(1..100_000_000),
            ),
            idle in prop::option::of(durations(0..12_000_000)),
            absolute in prop::option::of(durations(0..120_000_000)),
            (active, late) in (durations(0..10_000_000), durations(0..10_000_000)),
        ) {
            let (grace, warning, more_idle, more_absolute) = base;
            let warning = grace + warning;
            let limits = Limits {
                idle: grace + warning + more_idle,
                absolute: grace + warning + more_idle + more_absolute,
                warning,
                grace,
            };
            let policy = Policy::new(limits, None, Checks::Warn).unwrap();
            match policy.tightened(idle, absolute) {
                Ok(tightened) => {
                    prop_assert_eq!(tightened.idle(), idle.unwrap_or(limits.idle));
                    prop_assert_eq!(tightened.absolute(), absolute.unwrap_or(limits.absolute));
                    prop_assert!(tightened.idle() <= limits.idle);
                    prop_assert!(tightened.absolute() <= limits.absolute);
                    prop_assert!(tightened.warning() <= limits.warning);
                    prop_assert!(tightened.grace() <= limits.grace);
                    prop_assert!(tightened.touch_interval() <= policy.touch_interval());
                    prop_assert!(tightened.longest_deferral() <= policy.longest_deferral());
                    let again = policy.capped(tightened.idle(), tightened.absolute());
                    prop_assert_eq!(again, tightened);
                    for rule in Rule::all(None) {
                        match rule.severity() {
                            Severity::Mechanism => prop_assert!(rule.holds(&tightened.limits())),
                            Severity::Standard => prop_assert!(
                                rule.holds(&tightened.limits()) || !rule.holds(&limits)
                            ),
                            Severity::Advice => {}
                        }
                    }
                    let begun_at = Instant::from_millis(0);
                    let lifetime = Lifetime::stored(begun_at, begun_at + active);
                    let deadline = lifetime.deadline(&tightened).at;
                    prop_assert!(deadline <= lifetime.deadline(&policy).at);
                    let now = begun_at + active + late;
                    if lifetime.ended(&policy, now).is_some() {
                        prop_assert!(lifetime.ended(&tightened, now).is_some());
                    }
                }
                Err(TightenError::Looser { limit: Limit::Idle, .. }) => {
                    prop_assert!(idle.is_some_and(|idle| idle > limits.idle));
                }
                Err(TightenError::Looser { limit: Limit::Absolute, .. }) => {
                    prop_assert!(absolute.is_some_and(|absolute| absolute > limits.absolute));
                }
                Err(TightenError::Broken(error)) => {
                    prop_assert!(!error.rule.holds(&error.limits));
                    prop_assert!(
                        error.rule.severity() == Severity::Mechanism || error.rule.holds(&limits)
                    );
                    prop_assert!(error.limits.idle <= limits.idle);
                    prop_assert!(error.limits.absolute <= limits.absolute);
                }
            }
        }
    }
}
