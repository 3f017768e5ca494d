use std::{fs, path::Path};

use super::*;

fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
    let environment = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::read(Path::new("no such file"), environment)
        .and_then(|settings| Config::from_settings(&settings))
        .map_err(|error| error.to_string())
}

#[test]
fn without_settings_the_documented_defaults_apply() {
    let config = config(&[]).unwrap();
    assert_eq!(config.addr.to_string(), "127.0.0.1:3000");
    assert_eq!(config.metrics_addr, None);
    assert_eq!(config.policy.limits(), Limits::default());
    assert_eq!(config.cookie.name(), "__Host-dwell");
    assert!(config.cookie.is_secure());
    assert_eq!(config.cookie.same_site(), SameSite::Lax);
}

type Environment = &'static [(&'static str, &'static str)];

// A4
#[test]
fn a_bad_value_is_one_line_with_the_variable_the_value_and_what_is_allowed() {
    let table: [(Environment, [&str; 3]); 21] = [
        (
            &[("DWELL_ADDR", "localhost")],
            ["DWELL_ADDR", "localhost", "127.0.0.1:3000"],
        ),
        (
            &[("DWELL_METRICS_ADDR", "9464")],
            ["DWELL_METRICS_ADDR", "9464", "127.0.0.1:9464"],
        ),
        (
            &[("DWELL_TRUSTED_PROXIES", "127.0.0.1, ::/0")],
            ["DWELL_TRUSTED_PROXIES", "::/0", "networks"],
        ),
        (
            &[("DWELL_DATABASE_URL", "dwell.db")],
            ["DWELL_DATABASE_URL", "dwell.db", "sqlite://"],
        ),
        (
            &[("DWELL_SESSION_STORE", "memcached")],
            ["DWELL_SESSION_STORE", "memcached", "database"],
        ),
        (
            &[("DWELL_POOL_SIZE", "0")],
            ["DWELL_POOL_SIZE", "0", "1000"],
        ),
        (
            &[("DWELL_POOL_SIZE", "many")],
            ["DWELL_POOL_SIZE", "many", "1000"],
        ),
        (
            &[("DWELL_STORE_TIMEOUT", "1ms")],
            ["DWELL_STORE_TIMEOUT", "1ms", "5s"],
        ),
        (
            &[("DWELL_DRAFT_RETENTION", "1m")],
            ["DWELL_DRAFT_RETENTION", "1m", "7d"],
        ),
        (
            &[("DWELL_STORE_TIMEOUT", "5")],
            ["DWELL_STORE_TIMEOUT", "5", "5s"],
        ),
        (
            &[("DWELL_IDLE_TIMEOUT", "soon")],
            ["DWELL_IDLE_TIMEOUT", "soon", "30m"],
        ),
        (
            &[("DWELL_IDLE_TIMEOUT", "30")],
            ["DWELL_IDLE_TIMEOUT", "30", "30m"],
        ),
        (
            &[("DWELL_IDLE_TIMEOUT", "-5m")],
            ["DWELL_IDLE_TIMEOUT", "-5m", "30m"],
        ),
        (
            &[("DWELL_IDLE_TIMEOUT", "13h")],
            [
                "DWELL_IDLE_TIMEOUT",
                "13h",
                "idle timeout < absolute timeout",
            ],
        ),
        (
            &[("DWELL_WARNING", "10s")],
            ["DWELL_WARNING", "10s", "WCAG 2.2.1"],
        ),
        (&[("DWELL_GRACE", "0s")], ["DWELL_GRACE", "0s", "1ms"]),
        (
            &[("DWELL_GRACE", "2m")],
            ["DWELL_GRACE", "2m", "grace < warning"],
        ),
        (
            &[("DWELL_POLICY", "pci")],
            ["DWELL_POLICY", "pci", "pci-dss"],
        ),
        (
            &[("DWELL_POLICY_CHECKS", "off")],
            ["DWELL_POLICY_CHECKS", "off", "warn"],
        ),
        (
            &[("DWELL_COOKIE_SAME_SITE", "none")],
            ["DWELL_COOKIE_SAME_SITE", "none", "strict"],
        ),
        (
            &[("DWELL_LOG", "loud=very")],
            ["DWELL_LOG", "loud=very", "info"],
        ),
    ];
    for (variables, parts) in table {
        let error = config(variables).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "{error:?} does not say {part:?}");
        }
        assert!(!error.contains('\n'), "{error:?}");
    }
}

// A5
#[test]
fn a_preset_sets_the_limits_and_may_only_be_tightened() {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let pci = config(&[("DWELL_POLICY", "pci-dss")]).unwrap();
    assert_eq!(pci.policy.idle(), minutes(15));

    let tighter = config(&[("DWELL_POLICY", "pci-dss"), ("DWELL_IDLE_TIMEOUT", "10m")]).unwrap();
    assert_eq!(tighter.policy.idle(), minutes(10));

    let looser = config(&[("DWELL_POLICY", "pci-dss"), ("DWELL_IDLE_TIMEOUT", "16m")]);
    let error = looser.unwrap_err();
    assert!(
        error.contains("DWELL_IDLE_TIMEOUT") && error.contains("8.2.8"),
        "{error}"
    );
}

#[test]
fn checks_can_be_relaxed_for_tests_with_timeouts_of_seconds() {
    let seconds = [
        ("DWELL_POLICY_CHECKS", "warn"),
        ("DWELL_IDLE_TIMEOUT", "8s"),
        ("DWELL_ABSOLUTE_TIMEOUT", "30s"),
        ("DWELL_WARNING", "4s"),
        ("DWELL_GRACE", "1s"),
    ];
    assert!(config(&seconds).is_ok());
    assert!(config(&seconds[1..]).is_err());
}

// B9
#[test]
fn plain_cookies_are_refused_in_production() {
    let plain = ("DWELL_COOKIE_SECURE", "false");
    let name = ("DWELL_COOKIE_NAME", "dwell");
    let public = ("DWELL_ADDR", "0.0.0.0:80");
    assert!(
        config(&[plain, name]).is_ok(),
        "on loopback, for development"
    );
    assert!(
        config(&[plain, name, public])
            .unwrap_err()
            .contains("DWELL_COOKIE_SECURE")
    );
    assert!(config(&[plain]).unwrap_err().contains("DWELL_COOKIE_NAME"));
    assert!(config(&[plain, ("DWELL_COOKIE_NAME", "__secure-x")]).is_err());
    assert!(config(&[("DWELL_COOKIE_NAME", "a;b")]).is_err());
}

#[test]
fn an_unknown_setting_is_an_error() {
    let error = config(&[("DWELL_IDLE_TIMOUT", "5m")]).unwrap_err();
    assert!(error.contains("DWELL_IDLE_TIMOUT") && error.contains("DWELL_IDLE_TIMEOUT"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let directory = std::env::temp_dir().join(format!("dwell-config-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("dwell.toml");
    fs::write(
        &file,
        "idle_timeout = \"20m\"\ncookie_secure = true\nlog = \"warn\"\n",
    )
    .unwrap();
    let environment = [("DWELL_IDLE_TIMEOUT".to_owned(), "10m".to_owned())];
    let settings = Settings::read(&file, environment).unwrap();
    let config = Config::from_settings(&settings).unwrap();
    assert_eq!(config.policy.idle(), Duration::from_secs(600));
    assert_eq!(config.log, "warn");

    fs::write(&file, "idle = \"20m\"\n").unwrap();
    let error = Settings::read(&file, []).unwrap_err().to_string();
    assert!(error.starts_with("idle is not a setting"), "{error}");

    fs::write(&file, "idle_timeout = \n").unwrap();
    let error = Settings::read(&file, []).unwrap_err().to_string();
    assert!(
        error.contains("dwell.toml") && !error.contains('\n'),
        "{error}"
    );
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn the_stores_are_set_by_their_urls() {
    let usual = config(&[]).unwrap();
    assert!(matches!(usual.session_store, SessionStore::Database));
    assert_eq!(usual.connections, Connections::default());
    assert_eq!(usual.draft_retention, Duration::from_hours(7 * 24));
    let shared = config(&[
        (
            "DWELL_DATABASE_URL",
            "postgresql://dwell@db.example/dwell?sslmode=verify-full",
        ),
        (
            "DWELL_SESSION_STORE",
            "rediss://dwell:s3cret@cache.example:6380/3",
        ),
        ("DWELL_POOL_SIZE", "20"),
        ("DWELL_STORE_TIMEOUT", "800ms"),
    ])
    .unwrap();
    assert_eq!(
        shared.database_url.to_string(),
        "postgres://dwell@db.example:5432/dwell"
    );
    let SessionStore::Redis(url) = &shared.session_store else {
        panic!("{shared:?}");
    };
    assert_eq!(url.to_string(), "rediss://cache.example:6380/3");
    assert_eq!(shared.connections.limit, 20);
    assert_eq!(shared.connections.timeout, Duration::from_millis(800));
}

#[test]
fn a_password_is_never_shown() {
    for (setting, url) in [
        (
            "DWELL_DATABASE_URL",
            "postgres://dwell:s3cret@db.example/dwell",
        ),
        (
            "DWELL_DATABASE_URL",
            "postgres://db.example/dwell?password=s3cret",
        ),
        (
            "DWELL_DATABASE_URL",
            "postgres://dwell:s3cret@db.example:port/dwell",
        ),
        (
            "DWELL_DATABASE_URL",
            "mysql://dwell:s3cret@db.example/dwell",
        ),
        ("DWELL_DATABASE_URL", "dwell:s3cret@db.example"),
        ("DWELL_DATABASE_URL", "dwell.db?PASSWORD=s3cret"),
        ("DWELL_SESSION_STORE", "redis://:s3cret@cache.example"),
        ("DWELL_SESSION_STORE", "redis://:s3cret@cache.example:port"),
        ("DWELL_SESSION_STORE", "redis://:s3cret/@cache.example:port"),
        (
            "DWELL_SESSION_STORE",
            "redis-cluster://:s3cret@cache.example",
        ),
    ] {
        let shown = match config(&[(setting, url)]) {
            Ok(config) => format!("{config:?} {}", config.database_url),
            Err(error) => error,
        };
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
