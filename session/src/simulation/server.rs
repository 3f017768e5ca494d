//! The simulated server. As in the real one, a request is admitted when it arrives, and its work is
//! done later.

use super::{
    call::{Answer, AnswerBasis, Call},
    mutant::Mutant,
    plan::Person,
    store::{Live, SessionNo, Store, Visit},
};
use crate::{ActiveStatus, EndReason, Instant, Policy, Status};

#[derive(Debug)]
pub(super) struct Server {
    pub(super) store: Store,
    mutant: Option<Mutant>,
    is_up: bool,
    /// The number of times that it has started.
    run: u32,
}

/// The decision of the server about a request, before the work begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    visit: Visit,
    /// Whether the request has the right generation, if it needs one.
    has_right_generation: bool,
    run: u32,
}

impl Admission {
    /// The session in which the request is served.
    pub(super) fn session(&self) -> Option<SessionNo> {
        match self.visit {
            Visit::Live(live) if self.has_right_generation => Some(live.session),
            Visit::Live(_) | Visit::Ended(_) | Visit::Anonymous | Visit::Unavailable => None,
        }
    }
}

impl Server {
    pub(super) fn new(policy: Policy, seed: u64, mutant: Option<Mutant>) -> Self {
        Self {
            store: Store::new(policy, seed, mutant),
            mutant,
            is_up: true,
            run: 0,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.is_up
    }

    /// Whether requests are answered.
    pub(super) fn works(&self) -> bool {
        self.is_up && self.store.works()
    }

    pub(super) fn stop(&mut self, crash: bool, now: Instant) {
        self.store.close(crash, now);
        self.is_up = false;
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.store.open(now);
        self.is_up = true;
        self.run += 1;
    }

    /// Whether the request was admitted before a restart, so that it will not be answered.
    pub(super) fn has_forgotten(&self, admission: &Admission) -> bool {
        !self.is_up || admission.run != self.run
    }

    /// The first half of a request: finds the session, and decides whether the request is served.
    pub(super) fn admit(
        &mut self,
        call: &Call,
        cookie: Option<SessionNo>,
        now: Instant,
    ) -> Admission {
        self.store.maintain(now);
        let visit = match cookie {
            Some(session) => self.store.visit(session, now),
            None => Visit::Anonymous,
        };
        let has_right_generation = match visit {
            Visit::Live(live) => self.carries_right_generation(call, live.session),
            Visit::Ended(_) | Visit::Anonymous | Visit::Unavailable => true,
        };
        Admission {
            visit,
            has_right_generation,
            run: self.run,
        }
    }

    /// The second half of a request: does its work.
    pub(super) fn serve(&mut self, admission: &Admission, call: &Call, now: Instant) -> Answer {
        self.store.maintain(now);
        if !admission.has_right_generation {
            return Answer::Refused;
        }
        match (*call, admission.visit) {
            (_, Visit::Unavailable) => Answer::Unavailable,
            (Call::SignInPage, _) => Answer::SignInPage,
            (Call::SignIn { person }, visit) => self.sign_in(person, visit, now),
            (_, Visit::Live(live)) => self.serve_live(call, &live, now),
            (Call::Page { .. } | Call::Form { .. }, Visit::Ended(_) | Visit::Anonymous) => {
                Answer::SignInPage
            }
            (_, Visit::Ended(reason)) => Answer::Told(Status::Ended { reason }, None),
            (_, Visit::Anonymous) => Answer::Told(Status::Anonymous, None),
        }
    }

    fn serve_live(&mut self, call: &Call, live: &Live, now: Instant) -> Answer {
        match *call {
            Call::KeepAlive { .. } if self.mutant == Some(Mutant::DropsReports) => {
                self.tell(Visit::Live(*live))
            }
            Call::KeepAlive { idle_for, .. } => {
                let visit = self.store.touch(live, live.now - idle_for, now);
                self.tell(visit)
            }
            Call::Status { .. } if self.mutant == Some(Mutant::TouchesOnStatus) => {
                let visit = self.store.touch(live, live.now, now);
                self.tell(visit)
            }
            Call::Status { .. } => self.tell(Visit::Live(*live)),
            Call::Page { by_user } => {
                let touches = by_user || self.mutant == Some(Mutant::TouchesOnReload);
                self.page(live, touches, now)
            }
            Call::Form { .. } => self.page(live, true, now),
            Call::SignOut { .. } | Call::RevokeOthers { .. } if !self.store.works() => {
                Answer::Unavailable
            }
            Call::SignOut { .. } => {
                self.store.end(live.session, EndReason::SignedOut, now);
                Answer::SignedOut
            }
            Call::RevokeOthers { .. } => {
                self.store.end_others(live.session, now);
                Answer::Done
            }
            Call::Poll | Call::SignInPage | Call::SignIn { .. } => Answer::Done,
        }
    }

    /// Whether a request has the right generation. Requests that change something need that of the
    /// session. Requests for the status need that of any session of the same person.
    fn carries_right_generation(&self, call: &Call, session: SessionNo) -> bool {
        let own = self.store.session(session);
        match *call {
            Call::KeepAlive { generation, .. }
            | Call::Form { generation }
            | Call::SignOut { generation }
            | Call::RevokeOthers { generation } => generation == own.generation,
            Call::Status { generation } => {
                let named = self.store.named(generation);
                named.is_some_and(|named| self.store.session(named).person == own.person)
            }
            Call::Page { .. } | Call::SignInPage | Call::SignIn { .. } | Call::Poll => true,
        }
    }

    /// Starts a session. The previous session of the browser ends in the same step, if it is live.
    fn sign_in(&mut self, person: Person, visit: Visit, now: Instant) -> Answer {
        if !self.store.works() {
            return Answer::Unavailable;
        }
        if let Visit::Live(previous) = visit {
            self.store.end(previous.session, EndReason::Replaced, now);
        }
        Answer::SignedIn(self.store.begin(person, now))
    }

    fn page(&mut self, live: &Live, touches: bool, now: Instant) -> Answer {
        let visit = match touches {
            true => self.store.touch(live, live.now, now),
            false => Visit::Live(*live),
        };
        match visit {
            Visit::Live(live) => Answer::Page(self.remaining(&live), self.basis(&live)),
            Visit::Ended(_) | Visit::Anonymous => Answer::SignInPage,
            Visit::Unavailable => Answer::Unavailable,
        }
    }

    fn tell(&self, visit: Visit) -> Answer {
        match visit {
            Visit::Live(live) => {
                let status = Status::Active(self.remaining(&live));
                Answer::Told(status, Some(self.basis(&live)))
            }
            Visit::Ended(reason) => Answer::Told(Status::Ended { reason }, None),
            Visit::Anonymous => Answer::Told(Status::Anonymous, None),
            Visit::Unavailable => Answer::Unavailable,
        }
    }

    fn remaining(&self, live: &Live) -> ActiveStatus {
        let generation = self.store.session(live.session).generation;
        live.lifetime
            .remaining(self.store.policy(), generation, live.now)
    }

    fn basis(&self, live: &Live) -> AnswerBasis {
        AnswerBasis {
            session: live.session,
            deadline: live.lifetime.deadline(self.store.policy()).at,
        }
    }
}
