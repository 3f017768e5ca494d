//! The limits that standards set.

use std::{fmt, str::FromStr};

use super::{HOUR, Limits, MINUTE};

/// The longest idle and absolute timeout that a standard allows. A policy may have shorter timeouts
/// than its preset, never longer ones (`A5`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// OWASP, for applications of low risk: idle 30 minutes, absolute 8 hours.
    OwaspLow,
    /// OWASP, for applications of high risk: idle 5 minutes, absolute 4 hours.
    OwaspHigh,
    /// NIST SP 800-63B, authenticator assurance level 2: idle 1 hour, absolute 24 hours.
    NistAal2,
    /// NIST SP 800-63B, authenticator assurance level 3: idle 15 minutes, absolute 12 hours.
    NistAal3,
    /// PCI DSS 4.0.1, requirement 8.2.8: idle 15 minutes. The absolute timeout of 12 hours is the
    /// default of this library.
    PciDss,
    /// PSD2 RTS, article 4(3)(d): idle 5 minutes. The absolute timeout of 12 hours is the default
    /// of this library.
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

    /// The name in configuration, such as `owasp-low`.
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

    /// The longest timeouts that this preset allows. The warning period is the default or a fifth
    /// of the idle timeout, whichever is shorter, and the grace is the default.
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

/// The error for a name that is not that of a [`Preset`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the presets are owasp-low, owasp-high, nist-aal2, nist-aal3, pci-dss and psd2")]
pub struct UnknownPreset;
