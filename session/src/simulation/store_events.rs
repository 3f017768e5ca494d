//! What the server has done, entered into the ledger.

use super::{
    coverage::Happening,
    plan::Place,
    store::{Deed, Loss, SessionNo},
    world::World,
};
use crate::EndReason;

impl World<'_> {
    /// Enters what the server has done for a request.
    pub(super) fn enter_deeds(&mut self, exchange: usize) {
        let flight = self.now.since(self.exchanges[exchange].set_out_at);
        let latest = self.exchanges[exchange].input_at + flight;
        for deed in self.server.store.take_deeds() {
            if let Deed::Deferred(session) | Deed::Written(session) = deed {
                self.check_touch(exchange, session, latest);
            }
            self.enter(deed);
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
                self.ledger.begin(self.now);
                let person = self.server.store.session(session).person;
                self.coverage.note(Happening::SignIn);
                self.write("server", || format!("session {session} of {person} begins"));
            }
            Deed::Deferred(session) => {
                let now = self.now;
                let entry = self.ledger.entry_mut(session);
                entry.deferred_since.get_or_insert(now);
            }
            Deed::Written(session) => self.ledger.entry_mut(session).deferred_since = None,
            Deed::LostTouch(loss) => {
                let now = self.now;
                let Loss {
                    session, earlier, ..
                } = loss;
                self.check_loss(&loss);
                self.ledger.entry_mut(session).lose(&loss, now);
                self.coverage.note(Happening::TouchLost);
                self.write("server", || {
                    format!("session {session} loses a touch of {earlier:?}")
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
