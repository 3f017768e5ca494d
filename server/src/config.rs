//! Configuration: `dwell.toml` and the environment, which takes precedence.
//!
//! Every setting has one name: `idle_timeout` in the file, `DWELL_IDLE_TIMEOUT` in the environment.

mod settings;

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use dwell::{
    Checks, Connections, InvalidCookie, Limits, Policy, PolicyError, Preset, Rule, SameSite,
    SessionCookie,
    drafts::DraftLimits,
    store::{InvalidRedisUrl, RedisUrl},
    trusted_proxies::{InvalidTrustedProxies, TrustedProxies},
};

pub use self::settings::{ConfigError, Setting, Settings};
use crate::database::{DatabaseUrl, InvalidDatabaseUrl};

/// The values of all settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub addr: SocketAddr,
    /// Where to serve the metrics, if they are to be served.
    pub metrics_addr: Option<SocketAddr>,
    /// The proxies that are trusted to report the address of a client.
    pub trusted_proxies: TrustedProxies,
    /// Where the database is.
    pub database_url: DatabaseUrl,
    /// Where the sessions are kept.
    pub session_store: SessionStore,
    /// How many connections to the database and to the session store there may be, and how long an
    /// operation may take.
    pub connections: Connections,
    /// The limits in force.
    pub policy: Policy,
    /// The preset that the limits must keep to.
    pub preset: Option<Preset>,
    /// How long a draft is kept after it was last saved.
    pub draft_retention: Duration,
    /// The name and the attributes of the session cookie.
    pub cookie: SessionCookie,
    /// Which log lines to write, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log: String,
    /// Where the built site is, if it is not in one of the usual places.
    pub site_root: Option<PathBuf>,
}

/// Where the sessions are kept.
#[derive(Debug, Clone)]
pub enum SessionStore {
    /// In the database, beside the accounts.
    Database,
    /// On a Redis server.
    Redis(RedisUrl),
}

/// A warning for the operator if the name of the session cookie lets other hosts set it.
pub fn cookie_advice(cookie: &SessionCookie) -> Option<&'static str> {
    (cookie.is_secure() && !cookie.is_bound_to_host()).then_some(
        "DWELL_COOKIE_NAME has no prefix __Host-, so another host of the same domain can set a \
         session cookie in a browser",
    )
}

impl Config {
    /// Reads and checks every setting.
    ///
    /// # Errors
    ///
    /// The first setting that has a wrong value, with that value and the values that are allowed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let addr = settings
            .parse(
                Setting::Addr,
                "an address and a port such as 127.0.0.1:3000",
            )?
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 3000)));
        let metrics_addr = settings.parse(
            Setting::MetricsAddr,
            "an address and a port such as 127.0.0.1:9464",
        )?;
        let database_url = settings
            .text(Setting::DatabaseUrl)
            .unwrap_or("sqlite://data/dwell.db");
        let database_url = database_url.parse().map_err(|error: InvalidDatabaseUrl| {
            settings.invalid(Setting::DatabaseUrl, database_url, error.to_string())
        })?;
        let (policy, preset) = policy(settings)?;
        let log = settings.text(Setting::Log).unwrap_or("info").to_owned();
        if let Err(error) = log.parse::<tracing_subscriber::EnvFilter>() {
            let allowed = format!("levels such as info or dwell_server=debug,info ({error})");
            return Err(settings.invalid(Setting::Log, &log, allowed));
        }
        Ok(Self {
            addr,
            metrics_addr,
            trusted_proxies: trusted_proxies(settings)?,
            database_url,
            session_store: session_store(settings)?,
            connections: connections(settings)?,
            policy,
            preset,
            draft_retention: draft_retention(settings)?,
            cookie: cookie(settings, addr)?,
            log,
            site_root: settings.text(Setting::SiteRoot).map(PathBuf::from),
        })
    }
}

fn trusted_proxies(settings: &Settings) -> Result<TrustedProxies, ConfigError> {
    let proxies = settings.text(Setting::TrustedProxies).unwrap_or_default();
    proxies.parse().map_err(|error: InvalidTrustedProxies| {
        settings.invalid(Setting::TrustedProxies, proxies, error.to_string())
    })
}

fn session_store(settings: &Settings) -> Result<SessionStore, ConfigError> {
    match settings.text(Setting::SessionStore) {
        None | Some("database") => Ok(SessionStore::Database),
        Some(url) => url
            .parse()
            .map(SessionStore::Redis)
            .map_err(|error: InvalidRedisUrl| {
                let allowed = format!(
                    "allowed is database, where the sessions are kept beside the accounts, or a \
                     Redis server: {error}"
                );
                settings.invalid(Setting::SessionStore, url, allowed)
            }),
    }
}

fn connections(settings: &Settings) -> Result<Connections, ConfigError> {
    let usual = Connections::default();
    let allowed = "a number of connections, from 1 to 1000";
    let limit = settings
        .parse(Setting::PoolSize, allowed)?
        .unwrap_or(usual.limit);
    if !(1..=1000).contains(&limit) {
        return Err(settings.invalid(Setting::PoolSize, &limit.to_string(), allowed));
    }
    let allowed = "a duration from 100ms to 5m, such as 5s";
    let timeout = settings
        .parse(Setting::StoreTimeout, allowed)?
        .map_or(usual.timeout, |HumanDuration(duration)| duration);
    if !(Duration::from_millis(100)..=Duration::from_secs(300)).contains(&timeout) {
        let value = humantime::format_duration(timeout).to_string();
        return Err(settings.invalid(Setting::StoreTimeout, &value, allowed));
    }
    Ok(Connections { limit, timeout })
}

fn draft_retention(settings: &Settings) -> Result<Duration, ConfigError> {
    let allowed = "a duration from 1h to 90d, such as 7d";
    let retention = settings.parse(Setting::DraftRetention, allowed)?.map_or(
        DraftLimits::default().retention,
        |HumanDuration(duration)| duration,
    );
    let (min, max) = (Duration::from_hours(1), Duration::from_hours(90 * 24));
    if !(min..=max).contains(&retention) {
        let value = humantime::format_duration(retention).to_string();
        return Err(settings.invalid(Setting::DraftRetention, &value, allowed));
    }
    Ok(retention)
}

fn policy(settings: &Settings) -> Result<(Policy, Option<Preset>), ConfigError> {
    let preset = match settings.text(Setting::Policy) {
        None => None,
        Some(name) => Some(
            name.parse::<Preset>()
                .map_err(|error| settings.invalid(Setting::Policy, name, error.to_string()))?,
        ),
    };
    let checks = match settings.text(Setting::PolicyChecks) {
        None | Some("enforce") => Checks::Enforce,
        Some("warn") => Checks::Warn,
        Some(other) => {
            return Err(settings.invalid(Setting::PolicyChecks, other, "enforce or warn"));
        }
    };
    let usual = preset.map(Preset::limits).unwrap_or_default();
    let limit = |setting, usual: Duration| -> Result<Duration, ConfigError> {
        let set = settings.parse::<HumanDuration>(setting, "a duration such as 90s, 30m or 12h")?;
        Ok(set.map_or(usual, |HumanDuration(duration)| duration))
    };
    let limits = Limits {
        idle: limit(Setting::IdleTimeout, usual.idle)?,
        absolute: limit(Setting::AbsoluteTimeout, usual.absolute)?,
        warning: limit(Setting::Warning, usual.warning)?,
        grace: limit(Setting::Grace, usual.grace)?,
    };
    match Policy::new(limits, preset, checks) {
        Ok(policy) => Ok((policy, preset)),
        Err(error) => Err(broken_rule(settings, &error)),
    }
}

/// The error for a broken rule. It names the setting that most likely has to be changed.
fn broken_rule(settings: &Settings, error: &PolicyError) -> ConfigError {
    let Limits {
        idle,
        absolute,
        warning,
        grace,
    } = error.limits;
    let (setting, value) = match error.rule {
        Rule::Representable => [
            (Setting::IdleTimeout, idle),
            (Setting::AbsoluteTimeout, absolute),
            (Setting::Warning, warning),
            (Setting::Grace, grace),
        ]
        .into_iter()
        .find(|(_, limit)| limit.is_zero())
        .unwrap_or((Setting::AbsoluteTimeout, absolute)),
        Rule::GraceBelowWarning => (Setting::Grace, grace),
        Rule::WarningBelowIdle | Rule::WarningLongEnough => (Setting::Warning, warning),
        Rule::IdleBelowAbsolute | Rule::PresetIdle(_) => (Setting::IdleTimeout, idle),
        Rule::PresetAbsolute(_) | Rule::TenExtensions => (Setting::AbsoluteTimeout, absolute),
    };
    let value = humantime::format_duration(value).to_string();
    settings.invalid(setting, &value, error.to_string())
}

fn cookie(settings: &Settings, addr: SocketAddr) -> Result<SessionCookie, ConfigError> {
    let name = settings.text(Setting::CookieName).unwrap_or("__Host-dwell");
    let secure = settings
        .parse(Setting::CookieSecure, "true or false")?
        .unwrap_or(true);
    if !secure && !addr.ip().is_loopback() {
        let allowed = "true, unless DWELL_ADDR is a loopback address (ASVS 3.3.1)";
        return Err(settings.invalid(Setting::CookieSecure, "false", allowed));
    }
    let same_site = match settings.text(Setting::CookieSameSite) {
        None | Some("lax") => SameSite::Lax,
        Some("strict") => SameSite::Strict,
        Some(other) => {
            return Err(settings.invalid(Setting::CookieSameSite, other, "lax or strict"));
        }
    };
    SessionCookie::new(name, secure, same_site).map_err(|error| {
        let allowed = match error {
            InvalidCookie::Name => "letters, digits, '-', '_' and '.'",
            InvalidCookie::Prefix => {
                "a name without the prefix __Host- or __Secure- while DWELL_COOKIE_SECURE is false"
            }
        };
        settings.invalid(Setting::CookieName, name, allowed)
    })
}

/// A duration written like `30m`.
struct HumanDuration(Duration);

impl FromStr for HumanDuration {
    type Err = humantime::DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        humantime::parse_duration(text).map(Self)
    }
}

#[cfg(test)]
mod tests;
