//! Counts how many sessions are revived by requests that are in flight during a sign-out.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::http::Exchange;
use super::session::Session;
use super::subjects::{ACTIVE, Kind, Subject};
use crate::step::step;

/// How many requests are sent before the sign-out, and as many after it.
const REQUESTS_EACH_SIDE: usize = 4;

/// The result for one subject.
pub(crate) struct Raced {
    name: String,
    sign_outs: u32,
    /// After how many sign-outs the old cookie was served again.
    revived: u32,
}

pub(crate) fn race(subjects: &[Subject], sign_outs: u32) -> Result<Vec<Raced>> {
    let with_sessions = subjects.iter().filter(|subject| subject.kind != Kind::Bare);
    with_sessions
        .map(|subject| {
            let name = subject.name.clone();
            step(&format!("{sign_outs} sign-outs: {name}"), || {
                let revived = revived(subject, sign_outs)?;
                println!("    {revived} revived");
                Ok(Raced {
                    name,
                    sign_outs,
                    revived,
                })
            })
        })
        .collect()
}

fn revived(subject: &Subject, sign_outs: u32) -> Result<u32> {
    let mut revived = 0;
    for number in 0..sign_outs {
        if is_revived(subject, 1 + number % ACTIVE)? {
            revived += 1;
        }
    }
    Ok(revived)
}

fn is_revived(subject: &Subject, account: u32) -> Result<bool> {
    let address = subject.first_address().context("the subject has no node")?;
    let session = Session::begin(address, account)?;
    let headers = session.headers();
    let nodes = subject.nodes();
    let mut pages = nodes
        .iter()
        .cycle()
        .take(2 * REQUESTS_EACH_SIDE)
        .map(|node| Exchange::connect(node.address))
        .collect::<Result<Vec<_>>>()?;
    let mut sign_out = Exchange::connect(address)?;

    let (before, after) = pages.split_at_mut(REQUESTS_EACH_SIDE);
    for page in before {
        page.send("GET", "/slow-page", &headers)?;
    }
    sign_out.send("POST", "/sign-out", &headers)?;
    for page in after {
        page.send("GET", "/slow-page", &headers)?;
    }
    let status = sign_out.answer()?.status;
    ensure!(status == 200, "signing out was answered with {status}");
    for page in pages {
        page.answer()?;
    }
    session.is_served(address)
}

impl Raced {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "subject": self.name,
            "sign_outs": self.sign_outs,
            "revived": self.revived,
        })
    }

    pub(crate) fn row(&self) -> (&str, u32, u32) {
        (&self.name, self.sign_outs, self.revived)
    }
}
