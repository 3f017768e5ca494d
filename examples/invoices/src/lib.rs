//! What the example programs have in common: people who can sign in, their invoices, and the policy for
//! their sessions. A real program has a database here and verifies the hash of a password.

use std::{
    collections::HashMap,
    env,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use dwell_session::{Checks, Limits, Policy, Preset};
use serde::{Deserialize, Serialize};

/// What somebody types to sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// The person's name.
    pub user: String,
    /// The person's password.
    pub password: String,
    /// The page that the person wanted to see.
    #[serde(default)]
    pub next: String,
}

/// The people who can sign in, with their passwords.
const PEOPLE: [(&str, &str); 2] = [
    ("ada", "correct horse battery staple"),
    ("grace", "a ship in port is safe"),
];

/// The name of the person who signs in with `login`, if the password is right.
pub fn check(login: &Login) -> Option<&'static str> {
    PEOPLE
        .into_iter()
        .find(|(user, password)| *user == login.user && *password == login.password)
        .map(|(user, _)| user)
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Who is to pay.
    pub customer: String,
    /// What for.
    pub text: String,
}

/// Everybody's invoices.
#[derive(Debug, Default)]
pub struct Invoices(Mutex<HashMap<String, Vec<Invoice>>>);

impl Invoices {
    /// Adds an invoice of `person`.
    pub fn add(&self, person: &str, invoice: Invoice) {
        let mut invoices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        invoices.entry(person.to_owned()).or_default().push(invoice);
    }

    /// The invoices of `person`, in the order in which they were added.
    pub fn of(&self, person: &str) -> Vec<Invoice> {
        let invoices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        invoices.get(person).cloned().unwrap_or_default()
    }
}

/// The policy of PCI DSS, unless the environment variable `IDLE_SECONDS` asks for a short one, to watch
/// sessions end.
pub fn policy() -> anyhow::Result<Policy> {
    let Ok(seconds) = env::var("IDLE_SECONDS") else {
        return Ok(Policy::preset(Preset::PciDss));
    };
    let seconds = seconds
        .parse()
        .context("IDLE_SECONDS is no number of seconds")?;
    let idle = Duration::from_secs(seconds);
    let limits = Limits {
        idle,
        absolute: 20 * idle,
        warning: idle / 2,
        grace: idle / 20,
    };
    Ok(Policy::new(limits, None, Checks::Warn)?)
}
