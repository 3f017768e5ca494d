//! Records the events of the store in the ledger.

use super::{
    coverage::Happening,
    plan::Place,
    store::{Loss, SessionNo, StoreEvent},
    world::World,
};
use crate::EndReason;

impl World<'_> {
    /// Records the events that a request has caused.
    pub(super) fn record_events(&mut self, exchange: usize) {
        let flight = self.now.since(self.exchanges[exchange].set_out_at);
        let latest = self.exchanges[exchange].input_at + flight;
        for event in self.server.store.take_events() {
            if let StoreEvent::Deferred(session) | StoreEvent::Written(session) = event {
                self.check_touch(exchange, session, latest);
            }
            self.record_event(event);
        }
    }

    /// Records the events that the server has caused by itself.
    pub(super) fn record_server_events(&mut self) {
        for event in self.server.store.take_events() {
            self.record_event(event);
        }
    }

    /// A page of `session` starts, so this browser knows that the other sessions of its pages have
    /// ended, if they have.
    pub(super) fn record_known_ends(&mut self, place: Place, session: SessionNo) {
        let now = self.now;
        let pages = self.machines[place.machine].tabs.iter();
        for page in pages.filter_map(|tab| tab.page()) {
            if page.session != session {
                self.ledger.entry_mut(page.session).learn_of_end(now);
            }
        }
    }

    fn record_event(&mut self, event: StoreEvent) {
        match event {
            StoreEvent::Began(session) => {
                self.ledger.begin(self.now);
                let person = self.server.store.session(session).person;
                self.coverage.note(Happening::SignIn);
                self.write("server", || format!("session {session} of {person} begins"));
            }
            StoreEvent::Deferred(session) => {
                let now = self.now;
                let entry = self.ledger.entry_mut(session);
                entry.deferred_since.get_or_insert(now);
            }
            StoreEvent::Written(session) => self.ledger.entry_mut(session).deferred_since = None,
            StoreEvent::LostTouch(loss) => {
                let now = self.now;
                let Loss {
                    session, earlier, ..
                } = loss;
                self.check_loss(&loss);
                self.ledger.entry_mut(session).record_loss(&loss, now);
                self.coverage.note(Happening::TouchLost);
                self.write("server", || {
                    format!("session {session} loses a touch of {earlier:?}")
                });
            }
            StoreEvent::Ended(session, reason, at) => {
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
        // No backup is restored in the simulation.
        EndReason::Replaced | EndReason::Restored => Happening::EndByReplacement,
    }
}
