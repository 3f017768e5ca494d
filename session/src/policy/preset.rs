//! Limits that the standards name.

use std::{fmt, str::FromStr};

use super::{HOUR, Limits, MINUTE};

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
