//! The command, as an operator runs it.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// `dwell` in an empty directory, with no setting but those given.
pub fn dwell(directory: &TempDir, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dwell"));
    command
        .args(arguments)
        .current_dir(directory.path())
        .env_clear()
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the command with `input` on its standard input.
pub fn run(
    directory: &TempDir,
    arguments: &[&str],
    settings: &[(&str, &str)],
    input: &str,
) -> Output {
    let mut child = dwell(directory, arguments, settings).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Writing fails if the command needs no input and has ended already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The output of the command, which must be exactly one line on standard error.
pub fn one_line(output: &Output) -> &str {
    assert_eq!(text(&output.stdout), "");
    let line = text(&output.stderr).strip_suffix('\n').unwrap();
    assert!(!line.is_empty() && !line.contains('\n'), "{line}");
    line
}

pub const ADD: [&str; 4] = ["user", "add", "ada@example.com", "--password-stdin"];

#[test]
fn an_account_is_added_once() {
    let directory = TempDir::new().unwrap();
    let added = run(&directory, &ADD, &[], "correct horse battery staple\n");
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    assert_eq!(text(&added.stdout), "email: ada@example.com\n");
    assert_eq!(text(&added.stderr), "");
    assert!(directory.path().join("data/dwell.db").is_file());

    let again = run(&directory, &ADD, &[], "another password\n");
    assert_eq!(again.status.code(), Some(3));
    assert!(one_line(&again).contains("ada@example.com already"));
}

#[test]
fn a_password_is_generated_and_printed_if_none_is_given() {
    let directory = TempDir::new().unwrap();
    let made = run(&directory, &ADD[..3], &[], "");
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let (_, password) = text(&made.stdout).split_once("\npassword: ").unwrap();
    assert!(password.trim_end().len() >= 20, "{password}");
}

#[test]
fn a_weak_password_or_an_invalid_address_adds_no_account() {
    let directory = TempDir::new().unwrap();
    let weak = run(&directory, &ADD, &[], "short\n");
    assert_eq!(weak.status.code(), Some(1));
    assert!(one_line(&weak).contains("at least 8 characters"));

    let invalid = run(&directory, &["user", "add", "invalid"], &[], "");
    assert_eq!(invalid.status.code(), Some(2), "as clap does");
    assert!(text(&invalid.stderr).contains("name@example.com"));
    assert!(!directory.path().join("data").exists());
}

// A4, B9
#[test]
fn a_bad_configuration_stops_the_start_with_one_line_that_names_the_setting() {
    for (setting, value, also) in [
        ("DWELL_IDLE_TIMEOUT", "soon", "duration"),
        ("DWELL_IDLE_TIMEOUT", "24h", "absolute"),
        ("DWELL_ABSOLUTE_TIMEOUT", "0s", "366 days"),
        ("DWELL_WARNING", "10s", "WCAG 2.2.1"),
        ("DWELL_GRACE", "5m", "warning"),
        ("DWELL_POLICY", "none", "pci-dss"),
        ("DWELL_POLICY_CHECKS", "never", "enforce"),
        ("DWELL_ADDR", "localhost", "127.0.0.1:3000"),
        ("DWELL_METRICS_ADDR", "on", "127.0.0.1:9464"),
        ("DWELL_TRUSTED_PROXIES", "nginx", "10.1.0.0/16"),
        ("DWELL_DATABASE_URL", "sqlite::memory:", "sqlite://"),
        ("DWELL_SESSION_STORE", "memcached://localhost", "database"),
        ("DWELL_COOKIE_NAME", "a b", "letters"),
        ("DWELL_COOKIE_SECURE", "false", "__Host-"),
        ("DWELL_COOKIE_SAME_SITE", "none", "lax"),
        ("DWELL_LOG", "=loud=", "levels"),
        ("DWELL_IDLE_TIMOUT", "30m", "DWELL_IDLE_TIMEOUT"),
    ] {
        for command in [&["serve"][..], &["policy"], &ADD] {
            let directory = TempDir::new().unwrap();
            let output = run(&directory, command, &[(setting, value)], "long enough\n");
            assert_eq!(output.status.code(), Some(1), "{setting} {output:?}");
            let line = one_line(&output);
            assert!(line.starts_with("dwell: "), "{line}");
            let name = if setting == "DWELL_COOKIE_SECURE" {
                "DWELL_COOKIE"
            } else {
                setting
            };
            assert!(line.contains(name) && line.contains(also), "{line}");
            assert!(!directory.path().join("data").exists());
        }
    }
}

// A4
#[test]
fn a_bad_file_stops_the_start_with_one_line() {
    for (file, also) in [
        ("idle_timeout = \"24h\"", "DWELL_IDLE_TIMEOUT"),
        ("idle_timout = \"30m\"", "idle_timeout"),
        ("this is no TOML\nat all", "dwell.toml"),
    ] {
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("dwell.toml"), file).unwrap();
        let output = run(&directory, &["serve"], &[], "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(one_line(&output).contains(also), "{output:?}");
    }
}

#[test]
fn a_server_without_its_site_says_how_to_get_one() {
    let directory = TempDir::new().unwrap();
    let settings = [
        ("DWELL_SITE_ROOT", "nowhere"),
        ("DWELL_ADDR", "127.0.0.1:0"),
    ];
    let output = run(&directory, &["serve"], &settings, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(one_line(&output).contains("DWELL_SITE_ROOT"), "{output:?}");
}

// A4, A5
#[test]
fn the_policy_is_printed_with_its_rules() {
    let directory = TempDir::new().unwrap();
    let settings = [("DWELL_POLICY", "pci-dss")];
    let output = run(&directory, &["policy"], &settings, "");
    assert_eq!(output.status.code(), Some(0));
    let printed = text(&output.stdout);
    assert!(printed.contains("idle timeout      15m"), "{printed}");
    assert!(printed.contains("PCI DSS"), "{printed}");
    assert!(!printed.contains("BROKEN"), "{printed}");
}
