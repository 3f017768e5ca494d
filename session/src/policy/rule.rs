//! The rules that limits have to keep.

use std::{fmt, time::Duration};

use super::{Limits, Preset};

const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// WCAG 2.2.1 requires that the user has at least this long to extend the session.
const SHORTEST_WARNING: Duration = Duration::from_secs(20);

/// The first period and the ten extensions that WCAG 2.2.1 asks for, which have to fit into the
/// absolute timeout.
const PERIODS: u32 = 11;

/// A rule that [`Limits`] have to keep.
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
    /// The idle timeout is at most that of the preset.
    PresetIdle(Preset),
    /// The absolute timeout is at most that of the preset.
    PresetAbsolute(Preset),
    /// Ten extensions fit into the absolute timeout (WCAG 2.2.1).
    TenExtensions,
}

/// How serious it is to break a [`Rule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// The library does not work without it.
    Mechanism,
    /// A standard requires it.
    Standard,
    /// A standard recommends it.
    Advice,
}

impl Rule {
    /// All rules for a policy: those that apply to every policy, then those of `preset`.
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

    /// The standard that the rule comes from, or `Dwell` for a rule of this library.
    pub fn source(self) -> &'static str {
        match self {
            Self::Representable
            | Self::GraceBelowWarning
            | Self::WarningBelowIdle
            | Self::IdleBelowAbsolute
            // These two standards limit the time without activity only.
            | Self::PresetAbsolute(Preset::PciDss | Preset::Psd2) => "Dwell",
            Self::WarningLongEnough | Self::TenExtensions => "WCAG 2.2.1",
            Self::PresetIdle(preset) | Self::PresetAbsolute(preset) => match preset {
                Preset::OwaspLow | Preset::OwaspHigh => "OWASP",
                Preset::NistAal2 | Preset::NistAal3 => "NIST SP 800-63B",
                Preset::PciDss => "PCI DSS 4.0.1 8.2.8",
                Preset::Psd2 => "PSD2 RTS 4(3)(d)",
            },
        }
    }

    pub(super) fn severity(self) -> Severity {
        match self {
            Self::Representable
            | Self::GraceBelowWarning
            | Self::WarningBelowIdle
            | Self::IdleBelowAbsolute => Severity::Mechanism,
            Self::WarningLongEnough | Self::PresetIdle(_) | Self::PresetAbsolute(_) => {
                Severity::Standard
            }
            Self::TenExtensions => Severity::Advice,
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
