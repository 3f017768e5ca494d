//! Whether a request is let on to its route.

use axum::{extract::Request, response::Response};

use super::{activity::Activity, forgery, generation};
use crate::{
    sessions::{LiveSession, Sessions, Visit},
    store::{SessionId, SessionKey, StoreError},
};

/// What a request comes with.
pub(super) struct Admission {
    key: Option<SessionKey>,
    activity: Activity,
    /// The session, where the store need not be asked for it.
    known: Option<LiveSession>,
}

impl Admission {
    /// Of `request`, whose cookie has this id.
    pub(super) fn of(sessions: &Sessions, id: Option<SessionId>, request: &Request) -> Self {
        let key = id.map(|id| SessionKey::of(&id));
        let activity = Activity::of(request);
        let known = key
            .filter(|_| !activity.asks_for_deadline(request))
            .and_then(|key| sessions.known(key));
        Self {
            key,
            activity,
            known,
        }
    }

    /// Lets `request` on if nothing has to be waited for, as almost always. Tells whether it did.
    pub(super) fn at_once(&self, sessions: &Sessions, request: &mut Request) -> bool {
        let Some(live) = &self.known else {
            return false;
        };
        if forgery::is_forged(request) || !generation::is_meant_for(&live.session, request) {
            return false;
        }
        let visit = match self.activity {
            Activity::OfUser => sessions.touch_for_later(live, live.now),
            Activity::Passive | Activity::Reported => Some(Visit::Live(*live)),
        };
        match visit {
            Some(Visit::Live(live)) => {
                request.extensions_mut().insert(Visit::Live(live));
                true
            }
            Some(Visit::Ended(_) | Visit::Anonymous) | None => false,
        }
    }

    /// Lets `request` on, or refuses it.
    pub(super) async fn decide(
        self,
        sessions: &Sessions,
        request: &mut Request,
    ) -> Result<Option<Response>, StoreError> {
        if forgery::is_forged(request) {
            return Ok(Some(forgery::refuse(request.headers())));
        }
        let mut visit = match (self.known, self.key) {
            (Some(live), _) => Visit::Live(live),
            (None, Some(key)) => sessions.ask(key).await?,
            (None, None) => Visit::Anonymous,
        };
        if let Visit::Live(live) = &visit {
            let refusal = generation::refuse(sessions, &live.session, request).await?;
            if refusal.is_some() {
                return Ok(refusal);
            }
            visit = match self.activity {
                Activity::OfUser => sessions.touch(live, live.now).await?,
                Activity::Passive | Activity::Reported => visit,
            };
        }
        request.extensions_mut().insert(visit);
        Ok(None)
    }
}
