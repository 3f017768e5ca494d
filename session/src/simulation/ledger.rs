//! The record of every session that the checks use. It is kept apart from the server, so that a
//! server that breaks a rule does not falsify it.

use std::time::Duration;

use super::store::{Loss, SessionNo};
use crate::Instant;

#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) authenticated_at: Instant,
    /// The latest activity that the server has ever confirmed.
    pub(super) last_active_at: Instant,
    pub(super) ended_at: Option<Instant>,
    /// Since when a tab of its browser has known that it has ended.
    pub(super) known_since: Option<Instant>,
    /// The latest deadline that a tab of its browser was told.
    pub(super) told: Option<ToldDeadline>,
    /// Since when a confirmed touch has waited to be written.
    pub(super) deferred_since: Option<Instant>,
    /// By how much the told deadline became earlier when touches were lost, and when that was.
    losses: Vec<(Instant, Duration)>,
}

/// A deadline that a tab was told, in true time.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToldDeadline {
    pub(super) deadline: Instant,
    pub(super) asked_at: Instant,
    pub(super) answered_at: Instant,
}

impl Ledger {
    /// A session begins at `now`.
    pub(super) fn begin(&mut self, now: Instant) {
        self.entries.push(Entry {
            authenticated_at: now,
            last_active_at: now,
            ended_at: None,
            known_since: None,
            told: None,
            deferred_since: None,
            losses: Vec::new(),
        });
    }

    pub(super) fn entry(&self, session: SessionNo) -> &Entry {
        &self.entries[session]
    }

    pub(super) fn entry_mut(&mut self, session: SessionNo) -> &mut Entry {
        &mut self.entries[session]
    }
}

impl Entry {
    /// A tab of its browser learns at `now` that the session has ended, if it has.
    pub(super) fn learn_of_end(&mut self, now: Instant) {
        if self.ended_at.is_some() {
            self.known_since.get_or_insert(now);
        }
    }

    /// A tab of its browser is told a deadline.
    pub(super) fn record_told_deadline(&mut self, told: ToldDeadline) {
        if self
            .told
            .is_none_or(|before| before.deadline < told.deadline)
        {
            self.told = Some(told);
        }
    }

    /// A touch was lost, so its told deadline is earlier from `now` on.
    pub(super) fn record_loss(&mut self, loss: &Loss, now: Instant) {
        self.deferred_since = None;
        self.losses.push((now, loss.earlier));
    }

    /// By how much the told deadline may have become earlier since `since`.
    pub(super) fn lost_since(&self, since: Instant) -> Duration {
        let losses = self.losses.iter().rev().take_while(|(at, _)| *at >= since);
        losses.map(|(_, lost)| *lost).sum()
    }
}
