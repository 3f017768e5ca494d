//! The settings, and where their values are read from.

use std::{collections::BTreeMap, fmt, path::Path, str::FromStr};

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Where to listen.
    Addr,
    /// Where to serve the metrics.
    MetricsAddr,
    /// The proxies that are trusted to report the address of a client.
    TrustedProxies,
    /// Where the database is.
    DatabaseUrl,
    /// Where the sessions are kept.
    SessionStore,
    /// How many connections to the database, and how many to Redis, there may be.
    PoolSize,
    /// How long an operation on the database or the session store may take.
    StoreTimeout,
    /// The idle timeout.
    IdleTimeout,
    /// The absolute timeout.
    AbsoluteTimeout,
    /// The warning period.
    Warning,
    /// The grace.
    Grace,
    /// The preset.
    Policy,
    /// Whether broken rules of the standards are errors.
    PolicyChecks,
    /// How long a draft is kept.
    DraftRetention,
    /// The name of the session cookie.
    CookieName,
    /// Whether cookies are for HTTPS only.
    CookieSecure,
    /// Which requests from other sites carry the session cookie: its attribute `SameSite`.
    CookieSameSite,
    /// Which log lines to write.
    Log,
    /// Where the built site is.
    SiteRoot,
}

impl Setting {
    /// Every setting.
    pub const ALL: [Self; 19] = [
        Self::Addr,
        Self::MetricsAddr,
        Self::TrustedProxies,
        Self::DatabaseUrl,
        Self::SessionStore,
        Self::PoolSize,
        Self::StoreTimeout,
        Self::IdleTimeout,
        Self::AbsoluteTimeout,
        Self::Warning,
        Self::Grace,
        Self::Policy,
        Self::PolicyChecks,
        Self::DraftRetention,
        Self::CookieName,
        Self::CookieSecure,
        Self::CookieSameSite,
        Self::Log,
        Self::SiteRoot,
    ];

    /// The name in the file.
    pub fn key(self) -> &'static str {
        match self {
            Self::Addr => "addr",
            Self::MetricsAddr => "metrics_addr",
            Self::TrustedProxies => "trusted_proxies",
            Self::DatabaseUrl => "database_url",
            Self::SessionStore => "session_store",
            Self::PoolSize => "pool_size",
            Self::StoreTimeout => "store_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::AbsoluteTimeout => "absolute_timeout",
            Self::Warning => "warning",
            Self::Grace => "grace",
            Self::Policy => "policy",
            Self::PolicyChecks => "policy_checks",
            Self::DraftRetention => "draft_retention",
            Self::CookieName => "cookie_name",
            Self::CookieSecure => "cookie_secure",
            Self::CookieSameSite => "cookie_same_site",
            Self::Log => "log",
            Self::SiteRoot => "site_root",
        }
    }

    /// The name in the environment.
    pub fn variable(self) -> String {
        format!("{PREFIX}{}", self.key().to_uppercase())
    }
}

const PREFIX: &str = "DWELL_";

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.variable())
    }
}

/// The values that have been set, as text.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    values: BTreeMap<Setting, String>,
}

impl Settings {
    /// Reads `file`, which may be missing, and the variables of `environment`, which take
    /// precedence.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or it or the environment contains an unknown setting.
    pub fn read(
        file: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut settings = Self::default();
        match std::fs::read_to_string(file) {
            Ok(text) => settings.take_file(file, &text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(ConfigError::file(file, error)),
        }
        settings.take_environment(environment)?;
        Ok(settings)
    }

    fn take_file(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let table: toml::Table = text
            .parse()
            .map_err(|error| ConfigError::file(file, error))?;
        for (key, value) in table {
            let setting = Setting::ALL
                .into_iter()
                .find(|setting| setting.key() == key)
                .ok_or_else(|| ConfigError::unknown(key))?;
            let text = match value {
                toml::Value::String(text) => text,
                other => other.to_string(),
            };
            self.values.insert(setting, text);
        }
        Ok(())
    }

    fn take_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        for (variable, value) in environment {
            if !variable.starts_with(PREFIX) {
                continue;
            }
            let setting = Setting::ALL
                .into_iter()
                .find(|setting| setting.variable() == variable)
                .ok_or_else(|| ConfigError::unknown(variable))?;
            self.values.insert(setting, value);
        }
        Ok(())
    }

    /// The value of a setting as text.
    pub fn text(&self, setting: Setting) -> Option<&str> {
        self.values.get(&setting).map(String::as_str)
    }

    /// The value of a setting. The text `allowed` describes the values that it may have.
    ///
    /// # Errors
    ///
    /// The value cannot be parsed.
    pub fn parse<T: FromStr>(
        &self,
        setting: Setting,
        allowed: &str,
    ) -> Result<Option<T>, ConfigError> {
        self.text(setting)
            .map(|text| {
                text.parse()
                    .map_err(|_| self.invalid(setting, text, allowed))
            })
            .transpose()
    }

    /// An error which says that `setting` has a wrong value. It does not show a password in the
    /// value.
    pub fn invalid(
        &self,
        setting: Setting,
        value: &str,
        allowed: impl Into<String>,
    ) -> ConfigError {
        ConfigError::Invalid {
            setting,
            value: without_password(value),
            allowed: allowed.into(),
        }
    }
}

/// Removes credentials from a URL: what stands before the host, and all parameters if the name of
/// one of them contains "password".
fn without_password(value: &str) -> String {
    let (address, parameters) = match value.split_once('?') {
        Some((address, parameters)) => (address, Some(parameters)),
        None => (value, None),
    };
    let mut shown = match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://...@{host}"),
        (None, Some((_, host))) => format!("...@{host}"),
        (_, None) => address.to_owned(),
    };
    if let Some(parameters) = parameters {
        let is_secret = parameters.to_ascii_lowercase().contains("password");
        shown.push('?');
        shown.push_str(if is_secret { "..." } else { parameters });
    }
    shown
}

/// The configuration is wrong. Each error is one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is not allowed.
    #[error("{setting}={value:?} is not allowed: {allowed}")]
    Invalid {
        /// The setting.
        setting: Setting,
        /// Its value, without a password.
        value: String,
        /// The values that are allowed.
        allowed: String,
    },
    /// There is no such setting.
    #[error("{name} is not a setting: the settings are {allowed}")]
    Unknown {
        /// The unknown name.
        name: String,
        /// The names of all settings.
        allowed: String,
    },
    /// The file cannot be read.
    #[error("cannot read {file}: {problem}")]
    File {
        /// The path of the file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl ConfigError {
    fn file(file: &Path, problem: impl fmt::Display) -> Self {
        let problem = problem.to_string();
        Self::File {
            file: file.display().to_string(),
            problem: problem.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    fn unknown(name: String) -> Self {
        let is_variable = name.starts_with(PREFIX);
        let names: Vec<String> = Setting::ALL
            .into_iter()
            .map(|setting| match is_variable {
                true => setting.variable(),
                false => setting.key().to_owned(),
            })
            .collect();
        Self::Unknown {
            name,
            allowed: names.join(", "),
        }
    }
}
