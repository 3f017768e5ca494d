//! What the example programs have without Dwell: people who can sign in, and their invoices. A real
//! program has a database here and verifies the hash of a password.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

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
