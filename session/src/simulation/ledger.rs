//! What is known of every session to whoever watches over the rules: kept apart from the server,
//! so that a server that breaks a rule cannot also forget that it was one.

use std::time::Duration;

use super::{
    Happening,
    plan::Place,
    store::{Deed, SessionNo},
    world::World,
};
use crate::{EndReason, Instant};

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
    /// Since when a tab of its browser has known that it ended.
    pub(super) known_since: Option<Instant>,
    /// The latest deadline that a tab of its browser has been told.
    pub(super) told: Option<Told>,
    /// By how much its deadline came earlier when a touch was lost, and when.
    losses: Vec<(Instant, Duration)>,
}

/// What a tab was told, in true time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) deadline: Instant,
    pub(super) asked_at: Instant,
    pub(super) answered_at: Instant,
}

impl Ledger {
    pub(super) fn entry(&self, session: SessionNo) -> &Entry {
        &self.entries[session]
    }

    pub(super) fn entry_mut(&mut self, session: SessionNo) -> &mut Entry {
        &mut self.entries[session]
    }
}

impl Entry {
    /// A tab of its browser learns at `now` that it ended, if it did.
    pub(super) fn know(&mut self, now: Instant) {
        if self.ended_at.is_some() {
            self.known_since.get_or_insert(now);
        }
    }

    /// A tab of its browser is told a deadline.
    pub(super) fn tell(&mut self, told: Told) {
        if self
            .told
            .is_none_or(|before| before.deadline < told.deadline)
        {
            self.told = Some(told);
        }
    }

    /// By how much the deadline may be earlier than a page was told at `since`.
    pub(super) fn lost_since(&self, since: Instant) -> Duration {
        let losses = self.losses.iter().rev().take_while(|(at, _)| *at >= since);
        losses.map(|(_, lost)| *lost).sum()
    }
}

impl World<'_> {
    /// Enters what the server has done for a request.
    pub(super) fn enter_deeds(&mut self, exchange: usize) {
        let flight = self.now.since(self.exchanges[exchange].set_out_at);
        let latest = self.exchanges[exchange].input_at + flight;
        for deed in self.server.store.take_deeds() {
            match deed {
                Deed::Touched(session) => self.check_touch(exchange, session, latest),
                _ => self.enter(deed),
            }
        }
    }

    /// Enters what the server has done by itself.
    pub(super) fn enter_server_deeds(&mut self) {
        for deed in self.server.store.take_deeds() {
            self.enter(deed);
        }
    }

    /// A page of `session` begins: whatever ended before it in this browser is known to have.
    pub(super) fn enter_knowledge_of_others(&mut self, place: Place, session: SessionNo) {
        let now = self.now;
        let pages = self.machines[place.machine].tabs.iter();
        for page in pages.filter_map(|tab| tab.page()) {
            if page.session != session {
                self.ledger.entry_mut(page.session).know(now);
            }
        }
    }

    fn enter(&mut self, deed: Deed) {
        match deed {
            Deed::Began(session) => {
                self.ledger.entries.push(Entry {
                    authenticated_at: self.now,
                    last_active_at: self.now,
                    ended_at: None,
                    known_since: None,
                    told: None,
                    losses: Vec::new(),
                });
                let account = self.server.store.session(session).account;
                self.coverage.note(Happening::SignIn);
                self.write("server", || {
                    format!("session {session} of {account} begins")
                });
            }
            Deed::Touched(_) => {}
            Deed::LostTouch(session, lost) => {
                self.check_loss(session, lost);
                self.ledger.entry_mut(session).losses.push((self.now, lost));
                self.coverage.note(Happening::TouchLost);
                self.write("server", || {
                    format!("session {session} loses a touch of {lost:?}")
                });
            }
            Deed::Ended(session, reason, at) => {
                let ago = self.now.since(at);
                self.coverage.note(happening(reason));
                self.write("server", || {
                    format!("session {session} ended {ago:?} ago: {reason}")
                });
                self.check_server_end(session, reason, at);
                self.ledger.entry_mut(session).ended_at.get_or_insert(at);
            }
        }
    }
}

fn happening(reason: EndReason) -> Happening {
    match reason {
        EndReason::IdleTimeout => Happening::EndByIdleTimeout,
        EndReason::AbsoluteTimeout => Happening::EndByAbsoluteTimeout,
        EndReason::SignedOut => Happening::EndBySignOut,
        EndReason::Revoked => Happening::EndByRevocation,
        // No operator restores a backup here.
        EndReason::Replaced | EndReason::Restored => Happening::EndByReplacement,
    }
}
