//! The limits in force, and the rules they have to keep.

use std::{fmt, str::FromStr, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// WCAG 2.2.1: the user has at least this long to extend.
const SHORTEST_WARNING: Duration = Duration::from_secs(20);

/// WCAG 2.2.1: the first period and ten extensions of it fit into the absolute timeout.
const PERIODS: u32 = 11;

/// Four durations that together bound a session. Not yet known to make sense: see [`Policy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Duration after the last activity of the user at which the server ends the session.
    pub idle: Duration,
    /// Duration after authentication at which the server ends the session whatever the user does.
    pub absolute: Duration,
    /// How long before the told deadline the countdown is shown.
    pub warning: Duration,
    /// Duration, within the idle timeout, kept for the network.
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

/// [`Limits`] that keep the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    limits: Limits,
}

impl Policy {
    /// Checks `limits` against the rules for every policy and those of `preset`.
    ///
    /// # Errors
    ///
    /// The first rule that is broken. With [`Checks::Warn`] only rules that the mechanism itself
    /// rests on are errors; the rest is found in [`Policy::advice`].
    pub fn new(
        limits: Limits,
        preset: Option<Preset>,
        checks: Checks,
    ) -> Result<Self, PolicyError> {
        let broken = Rule::all(preset)
            .filter(|rule| match rule.weight() {
                Weight::Mechanism => true,
                Weight::Standard => checks == Checks::Enforce,
                Weight::Advice => false,
            })
            .find(|rule| !rule.holds(&limits));
        match broken {
            Some(rule) => Err(PolicyError { rule, limits }),
            None => Ok(Self { limits }),
        }
    }

    /// The rules that this policy breaks and was nevertheless allowed to.
    pub fn advice(&self, preset: Option<Preset>) -> Vec<Advice> {
        Rule::all(preset)
            .filter(|rule| !rule.holds(&self.limits))
            .map(|rule| Advice {
                rule,
                limits: self.limits,
            })
            .collect()
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

    /// How often activity is reported by the browser, and written by the server, at most:
    /// a tenth of the idle timeout, and no longer than a minute.
    pub fn touch_interval(&self) -> Duration {
        (self.limits.idle / 10).min(MINUTE)
    }
}

/// How the rules taken from the standards are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checks {
    /// A broken rule is an error.
    #[default]
    Enforce,
    /// A broken rule is advice. For tests with timeouts of seconds.
    Warn,
}

/// Upper bounds that a standard sets. A preset may be tightened, never loosened (`A5`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// OWASP, applications of low risk: 30 minutes and 8 hours.
    OwaspLow,
    /// OWASP, applications of high risk: 5 minutes and 4 hours.
    OwaspHigh,
    /// NIST SP 800-63B, authenticator assurance level 2: 1 hour and 24 hours.
    NistAal2,
    /// NIST SP 800-63B, authenticator assurance level 3: 15 minutes and 12 hours.
    NistAal3,
    /// PCI DSS 4.0.1, 8.2.8: 15 minutes and 12 hours.
    PciDss,
    /// PSD2 RTS, article 4(3)(d): 5 minutes and 12 hours.
    Psd2,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 6] = [
        Self::OwaspLow,
        Self::OwaspHigh,
        Self::NistAal2,
        Self::NistAal3,
        Self::PciDss,
        Self::Psd2,
    ];

    /// The name used in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::OwaspLow => "owasp-low",
            Self::OwaspHigh => "owasp-high",
            Self::NistAal2 => "nist-aal2",
            Self::NistAal3 => "nist-aal3",
            Self::PciDss => "pci-dss",
            Self::Psd2 => "psd2",
        }
    }

    /// The longest limits that this preset allows.
    pub fn limits(self) -> Limits {
        let (idle, absolute) = match self {
            Self::OwaspLow => (30 * MINUTE, 8 * HOUR),
            Self::OwaspHigh => (5 * MINUTE, 4 * HOUR),
            Self::NistAal2 => (HOUR, 24 * HOUR),
            Self::NistAal3 | Self::PciDss => (15 * MINUTE, 12 * HOUR),
            Self::Psd2 => (5 * MINUTE, 12 * HOUR),
        };
        let usual = Limits::default();
        Limits {
            idle,
            absolute,
            warning: usual.warning.min(idle / 5),
            grace: usual.grace,
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == name)
            .ok_or(UnknownPreset)
    }
}

/// A name that is no [`Preset`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("allowed are owasp-low, owasp-high, nist-aal2, nist-aal3, pci-dss and psd2")]
pub struct UnknownPreset;

/// One rule that [`Limits`] have to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Every limit is at least one millisecond and at most 366 days.
    Representable,
    /// The grace is shorter than the warning period.
    GraceBelowWarning,
    /// The warning period and the grace together are shorter than the idle timeout.
    WarningBelowIdle,
    /// The idle timeout is shorter than the absolute timeout.
    IdleBelowAbsolute,
    /// The warning period is at least 20 seconds (WCAG 2.2.1).
    WarningLongEnough,
    /// The idle timeout is at most the preset's.
    PresetIdle(Preset),
    /// The absolute timeout is at most the preset's.
    PresetAbsolute(Preset),
    /// Ten extensions fit into the absolute timeout (WCAG 2.2.1).
    TenExtensions,
}

/// What follows from a broken [`Rule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// The mechanism does not work without it.
    Mechanism,
    /// A standard demands it.
    Standard,
    /// A standard recommends it.
    Advice,
}

impl Rule {
    /// The rules for every policy, then those of `preset`.
    pub fn all(preset: Option<Preset>) -> impl Iterator<Item = Self> {
        let of_preset = preset
            .map(|preset| [Self::PresetIdle(preset), Self::PresetAbsolute(preset)])
            .into_iter()
            .flatten();
        [
            Self::Representable,
            Self::GraceBelowWarning,
            Self::WarningBelowIdle,
            Self::IdleBelowAbsolute,
            Self::WarningLongEnough,
            Self::TenExtensions,
        ]
        .into_iter()
        .chain(of_preset)
    }

    /// Whether `limits` keep this rule.
    pub fn holds(self, limits: &Limits) -> bool {
        let Limits {
            idle,
            absolute,
            warning,
            grace,
        } = *limits;
        match self {
            Self::Representable => [idle, absolute, warning, grace]
                .iter()
                .all(|limit| (Duration::from_millis(1)..=YEAR).contains(limit)),
            Self::GraceBelowWarning => grace < warning,
            Self::WarningBelowIdle => warning.saturating_add(grace) < idle,
            Self::IdleBelowAbsolute => idle < absolute,
            Self::WarningLongEnough => warning >= SHORTEST_WARNING,
            Self::PresetIdle(preset) => idle <= preset.limits().idle,
            Self::PresetAbsolute(preset) => absolute <= preset.limits().absolute,
            Self::TenExtensions => absolute >= idle.saturating_mul(PERIODS),
        }
    }

    /// Where the rule comes from.
    pub fn source(self) -> &'static str {
        match self {
            Self::Representable
            | Self::GraceBelowWarning
            | Self::WarningBelowIdle
            | Self::IdleBelowAbsolute => "Dwell",
            Self::WarningLongEnough | Self::TenExtensions => "WCAG 2.2.1",
            Self::PresetIdle(preset) | Self::PresetAbsolute(preset) => match preset {
                Preset::OwaspLow | Preset::OwaspHigh => "OWASP",
                Preset::NistAal2 | Preset::NistAal3 => "NIST SP 800-63B",
                Preset::PciDss => "PCI DSS 4.0.1 8.2.8",
                Preset::Psd2 => "PSD2 RTS 4(3)(d)",
            },
        }
    }

    fn weight(self) -> Weight {
        match self {
            Self::Representable
            | Self::GraceBelowWarning
            | Self::WarningBelowIdle
            | Self::IdleBelowAbsolute => Weight::Mechanism,
            Self::WarningLongEnough | Self::PresetIdle(_) | Self::PresetAbsolute(_) => {
                Weight::Standard
            }
            Self::TenExtensions => Weight::Advice,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Representable => f.write_str("every limit is between 1ms and 366 days"),
            Self::GraceBelowWarning => f.write_str("grace < warning"),
            Self::WarningBelowIdle => f.write_str("warning + grace < idle timeout"),
            Self::IdleBelowAbsolute => f.write_str("idle timeout < absolute timeout"),
            Self::WarningLongEnough => write!(f, "warning >= {SHORTEST_WARNING:?}"),
            Self::PresetIdle(preset) => {
                write!(f, "idle timeout <= {:?} for {preset}", preset.limits().idle)
            }
            Self::PresetAbsolute(preset) => write!(
                f,
                "absolute timeout <= {:?} for {preset}",
                preset.limits().absolute
            ),
            Self::TenExtensions => write!(f, "absolute timeout >= {PERIODS} x idle timeout"),
        }
    }
}

/// Limits that break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limits must keep {rule} ({}); they are {}", rule.source(), Described(limits))]
pub struct PolicyError {
    /// The rule.
    pub rule: Rule,
    /// The limits that break it.
    pub limits: Limits,
}

/// A rule that the limits in force break, although they may.
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
            Described(limits)
        )
    }
}

struct Described<'a>(&'a Limits);

impl fmt::Display for Described<'_> {
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
