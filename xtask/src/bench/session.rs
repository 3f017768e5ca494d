//! Sessions of the measured programs.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::http::{get, post};

/// What a browser knows about its session.
pub(crate) struct Session {
    /// The value of the header `Cookie`.
    pub(crate) cookie: String,
    /// Only sessions of Dwell have one.
    pub(crate) generation: Option<String>,
}

impl Session {
    /// Signs in the account with this number.
    pub(crate) fn begin(address: SocketAddr, account: u32) -> Result<Self> {
        let answer = post(address, &format!("/enter?account={account}"))?;
        ensure!(
            answer.status == 200,
            "signing in was answered with {}",
            answer.status
        );
        let cookie = answer
            .header("set-cookie")
            .context("the answer has no cookie")?;
        Ok(Self {
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
            generation: answer.header("dwell-generation").map(str::to_owned),
        })
    }

    /// The length of the page and its head, in bytes.
    pub(crate) fn page_size(&self, address: SocketAddr) -> Result<usize> {
        let answer = get(address, "/page", &self.headers())?;
        let is_page = answer.status == 200 && answer.body.starts_with("Signed in as 0");
        ensure!(
            is_page,
            "the page was answered with {}: {}",
            answer.status,
            answer.body
        );
        Ok(answer.size)
    }

    pub(crate) fn is_served(&self, address: SocketAddr) -> Result<bool> {
        Ok(get(address, "/page", &self.headers())?.status == 200)
    }

    /// The headers of a request in this session, one a line.
    pub(crate) fn headers(&self) -> String {
        let Self { cookie, generation } = self;
        match generation {
            Some(generation) => format!("Cookie: {cookie}\nDwell-Generation: {generation}"),
            None => format!("Cookie: {cookie}"),
        }
    }
}

/// Writes sessions to a file in the format that the load script reads.
pub(crate) fn write(sessions: &[Session], file: &Path) -> Result<()> {
    let mut lines = String::new();
    for Session { cookie, generation } in sessions {
        lines += cookie;
        if let Some(generation) = generation {
            lines += &format!(" {generation}");
        }
        lines.push('\n');
    }
    fs::write(file, lines).with_context(|| format!("writing {}", file.display()))
}

pub(crate) fn read(lines: &str) -> Vec<Session> {
    let sessions = lines.lines().map(|line| match line.split_once(' ') {
        Some((cookie, generation)) => (cookie, Some(generation)),
        None => (line, None),
    });
    sessions
        .map(|(cookie, generation)| Session {
            cookie: cookie.to_owned(),
            generation: generation.map(str::to_owned),
        })
        .collect()
}
