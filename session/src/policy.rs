//! The limits on sessions, and the rules that the limits have to keep.

mod coalescing;
mod preset;
mod rule;
mod tightened;

use std::{fmt, time::Duration};

use self::rule::Severity;
pub use self::{
    coalescing::{DeferredTouch, TouchDecision},
    preset::{Preset, UnknownPreset},
    rule::Rule,
    tightened::TightenError,
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The four durations that bound a session. They are not validated: see [`Policy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long after the last activity of the user the server ends the session. Default: 30
    /// minutes.
    pub idle: Duration,
    /// How long after authentication the server ends the session, whatever the user does. Default:
    /// 12 hours.
    pub absolute: Duration,
    /// How long before the told deadline the countdown is shown. Default: 2 minutes.
    pub warning: Duration,
    /// The part of the idle timeout that is kept for the network: the deadline that browsers are
    /// told, the *told deadline*, is earlier than the real one by this. Default: 5 seconds.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: 30 * MINUTE,
            absolute: 12 * HOUR,
            warning: 2 * MINUTE,
            grace: Duration::from_secs(5),
        }
    }
}

/// Validated [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    limits: Limits,
}

impl Policy {
    /// Checks `limits` against the rules for every policy and those of `preset`.
    ///
    /// # Errors
    ///
    /// The first rule that `limits` break. With [`Checks::Warn`], only rules without which the
    /// library does not work are errors; [`Policy::advice`] returns the others.
    pub fn new(
        limits: Limits,
        preset: Option<Preset>,
        checks: Checks,
    ) -> Result<Self, PolicyError> {
        let broken = Rule::all(preset)
            .filter(|rule| match rule.severity() {
                Severity::Mechanism => true,
                Severity::Standard => checks == Checks::Enforce,
                Severity::Advice => false,
            })
            .find(|rule| !rule.holds(&limits));
        match broken {
            Some(rule) => Err(PolicyError { rule, limits }),
            None => Ok(Self { limits }),
        }
    }

    /// The policy with the longest limits that `preset` allows.
    pub fn preset(preset: Preset) -> Self {
        Self {
            limits: preset.limits(),
        }
    }

    /// The rules that this policy breaks and that [`Policy::new`] did not enforce.
    pub fn advice(&self, preset: Option<Preset>) -> Vec<Advice> {
        Rule::all(preset)
            .filter(|rule| !rule.holds(&self.limits))
            .map(|rule| Advice {
                rule,
                limits: self.limits,
            })
            .collect()
    }

    /// The policy for one session with its own idle and absolute timeout, where these are shorter
    /// than the timeouts of this policy. If the idle timeout is shorter, the warning period is at
    /// most half of it and the grace at most a quarter of it.
    pub fn capped(&self, idle: Duration, absolute: Duration) -> Self {
        let mut limits = self.limits;
        if idle < limits.idle {
            limits.idle = idle;
            limits.warning = limits.warning.min(idle / 2);
            limits.grace = limits.grace.min(idle / 4);
        }
        limits.absolute = limits.absolute.min(absolute);
        Self { limits }
    }

    /// The four durations.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The idle timeout.
    pub fn idle(&self) -> Duration {
        self.limits.idle
    }

    /// The absolute timeout.
    pub fn absolute(&self) -> Duration {
        self.limits.absolute
    }

    /// The warning period.
    pub fn warning(&self) -> Duration {
        self.limits.warning
    }

    /// The grace.
    pub fn grace(&self) -> Duration {
        self.limits.grace
    }

    /// The shortest time between two reports of activity from a browser: a tenth of the idle
    /// timeout, and at most a minute.
    pub fn touch_interval(&self) -> Duration {
        (self.limits.idle / 10).min(MINUTE)
    }
}

/// What happens if limits break a rule that comes from a standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checks {
    /// The limits are refused.
    #[default]
    Enforce,
    /// The limits are accepted, and [`Policy::advice`] returns the broken rule. This is for tests
    /// with timeouts of seconds.
    Warn,
}

/// The error for limits that break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limits must keep {rule} ({}); they are {}", rule.source(), DisplayLimits(limits))]
pub struct PolicyError {
    /// The rule.
    pub rule: Rule,
    /// The limits that break it.
    pub limits: Limits,
}

/// A rule that the limits break although they were accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// The rule.
    pub rule: Rule,
    /// The limits that break it.
    pub limits: Limits,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, limits } = self;
        let source = rule.source();
        write!(
            f,
            "the limits should keep {rule} ({source}); they are {}",
            DisplayLimits(limits)
        )
    }
}

struct DisplayLimits<'a>(&'a Limits);

impl fmt::Display for DisplayLimits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limits {
            idle,
            absolute,
            warning,
            grace,
        } = self.0;
        write!(
            f,
            "idle {idle:?}, absolute {absolute:?}, warning {warning:?}, grace {grace:?}"
        )
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn broken(limits: Limits, preset: Option<Preset>, checks: Checks) -> Option<Rule> {
        Policy::new(limits, preset, checks)
            .err()
            .map(|error| error.rule)
    }

    fn changed(change: impl FnOnce(&mut Limits)) -> Limits {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    }

    // A5
    #[test]
    fn a_standard_is_named_only_for_a_limit_that_it_sets() {
        for preset in [Preset::PciDss, Preset::Psd2] {
            assert_ne!(Rule::PresetIdle(preset).source(), "Dwell", "{preset}");
            assert_eq!(Rule::PresetAbsolute(preset).source(), "Dwell", "{preset}");
        }
        for preset in [Preset::OwaspLow, Preset::NistAal3] {
            assert_ne!(Rule::PresetAbsolute(preset).source(), "Dwell", "{preset}");
        }
    }

    // A5
    #[test]
    fn the_policy_of_a_preset_keeps_every_rule_that_is_not_advice() {
        for preset in Preset::ALL {
            let limits = Policy::preset(preset).limits();
            assert_eq!(
                broken(limits, Some(preset), Checks::Enforce),
                None,
                "{preset}"
            );
        }
    }

    // A4
    #[test]
    fn each_bad_combination_names_its_rule() {
        let seconds = Duration::from_secs;
        let table = [
            (changed(|l| l.grace = seconds(120)), Rule::GraceBelowWarning),
            (changed(|l| l.grace = seconds(0)), Rule::Representable),
            (changed(|l| l.absolute = Duration::MAX), Rule::Representable),
            (changed(|l| l.warning = 30 * MINUTE), Rule::WarningBelowIdle),
            (
                changed(|l| l.warning = 30 * MINUTE - seconds(5)),
                Rule::WarningBelowIdle,
            ),
            (changed(|l| l.idle = 12 * HOUR), Rule::IdleBelowAbsolute),
            (
                changed(|l| l.warning = Duration::from_millis(19_999)),
                Rule::WarningLongEnough,
            ),
        ];
        for (limits, rule) in table {
            assert_eq!(
                broken(limits, None, Checks::Enforce),
                Some(rule),
                "{limits:?}"
            );
        }
        assert_eq!(broken(Limits::default(), None, Checks::Enforce), None);
    }

    // A5
    #[test]
    fn a_preset_may_be_tightened_and_never_loosened() {
        for preset in Preset::ALL {
            let limits = preset.limits();
            let tighter = Limits {
                idle: limits.idle - Duration::from_millis(1),
                absolute: limits.absolute - Duration::from_millis(1),
                ..limits
            };
            let idle_looser = Limits {
                idle: limits.idle + Duration::from_millis(1),
                ..limits
            };
            let absolute_looser = Limits {
                absolute: limits.absolute + Duration::from_millis(1),
                ..limits
            };
            let checked = |limits| broken(limits, Some(preset), Checks::Enforce);
            assert_eq!(checked(limits), None);
            assert_eq!(checked(tighter), None);
            assert_eq!(checked(idle_looser), Some(Rule::PresetIdle(preset)));
            assert_eq!(checked(absolute_looser), Some(Rule::PresetAbsolute(preset)));
        }
    }

    // A5
    #[test]
    fn presets_cap_at_what_the_standards_say() {
        assert_eq!(Preset::PciDss.limits().idle, 15 * MINUTE);
        assert_eq!(Preset::Psd2.limits().idle, 5 * MINUTE);
        assert_eq!(Preset::NistAal2.limits().absolute, 24 * HOUR);
    }

    // A4
    #[test]
    fn warn_turns_standards_into_advice_but_keeps_the_mechanism() {
        let seconds = Duration::from_secs;
        let short = Limits {
            idle: seconds(8),
            absolute: seconds(40),
            warning: seconds(3),
            grace: seconds(1),
        };
        let policy = Policy::new(short, None, Checks::Warn).unwrap();
        let advice: Vec<_> = policy
            .advice(None)
            .into_iter()
            .map(|advice| advice.rule)
            .collect();
        assert_eq!(advice, [Rule::WarningLongEnough, Rule::TenExtensions]);

        let impossible = Limits {
            warning: seconds(8),
            ..short
        };
        assert_eq!(
            broken(impossible, None, Checks::Warn),
            Some(Rule::WarningBelowIdle)
        );
    }

    // G2
    #[test]
    fn room_for_fewer_than_ten_extensions_is_advised_against() {
        let limits = changed(|l| l.absolute = 11 * l.idle - Duration::from_millis(1));
        let policy = Policy::new(limits, None, Checks::Enforce).unwrap();
        assert_eq!(policy.advice(None)[0].rule, Rule::TenExtensions);

        let limits = changed(|l| l.absolute = 11 * l.idle);
        let policy = Policy::new(limits, None, Checks::Enforce).unwrap();
        assert_eq!(policy.advice(None), []);
    }

    #[test]
    fn a_preset_is_found_by_its_name() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse(), Ok(preset));
        }
        assert_eq!("pci".parse::<Preset>(), Err(UnknownPreset));
    }

    #[test]
    fn activity_is_reported_at_least_once_a_minute() {
        let touch_interval = |limits| {
            Policy::new(limits, None, Checks::Warn)
                .unwrap()
                .touch_interval()
        };
        assert_eq!(touch_interval(Limits::default()), MINUTE);
        assert_eq!(
            touch_interval(changed(|l| l.idle = 5 * MINUTE)),
            Duration::from_secs(30)
        );
    }
}
