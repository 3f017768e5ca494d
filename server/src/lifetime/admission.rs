//! Whether a request is let on to its route.

use axum::{extract::Request, response::Response};

use super::{
    activity::Activity,
    body, forgery,
    generation::{self, Source},
};
use crate::{
    sessions::{LiveSession, Sessions, Visit},
    store::{SessionId, SessionKey, StoreError},
};

/// Marks a request that comes from a page of another session than the live one that its cookie
/// names. It is in none of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct FromOtherPage;

/// What a request comes with.
pub(super) struct Admission {
    key: Option<SessionKey>,
    activity: Activity,
    /// Whether the answer tells what only the store knows for sure.
    asks_for_deadline: bool,
}

impl Admission {
    /// Of `request`, whose cookie has this id.
    pub(super) fn of(id: Option<SessionId>, request: &Request) -> Self {
        let activity = Activity::of(request);
        Self {
            key: id.map(|id| SessionKey::of(&id)),
            activity,
            asks_for_deadline: activity.asks_for_deadline(request),
        }
    }

    /// Lets `request` on if nothing has to be waited for, as almost always. Tells whether it did.
    pub(super) fn at_once(&self, sessions: &Sessions, request: &mut Request) -> bool {
        if forgery::is_forged(request) || body::is_awaited(request) {
            return false;
        }
        let live = self.known_key().and_then(|key| match self.activity {
            Activity::Opens => sessions.touch_known(key),
            // It is counted once it has been taken.
            Activity::Sends => None,
            Activity::Passive | Activity::Reported => sessions
                .known(key)
                .filter(|live| generation::is_meant_for(&live.session, request)),
        });
        let Some(live) = live else {
            return false;
        };
        request.extensions_mut().insert(Visit::Live(live));
        true
    }

    /// Lets `request` on, or refuses it, once all of it has arrived.
    pub(super) async fn decide(
        &self,
        sessions: &Sessions,
        request: &mut Request,
    ) -> Result<Option<Response>, StoreError> {
        if forgery::is_forged(request) {
            return Ok(Some(forgery::refuse(request.headers())));
        }
        let sent = match body::read(request).await {
            Ok(sent) => sent,
            Err(refusal) => return Ok(Some(refusal)),
        };
        let known = self.known_key().and_then(|key| sessions.known(key));
        let mut visit = match (known, self.key) {
            (Some(live), _) => Visit::Live(live),
            (None, Some(key)) => sessions.ask(key).await?,
            (None, None) => Visit::Anonymous,
        };
        if let Visit::Live(live) = &visit {
            if !generation::is_meant_for(&live.session, request) {
                let (path, headers) = (request.uri().path(), request.headers());
                let source = generation::source(sessions, &live.session, path, headers, &sent);
                match source.await? {
                    Source::Own => {}
                    Source::Other => {
                        request.extensions_mut().insert(FromOtherPage);
                        request.extensions_mut().insert(Visit::Anonymous);
                        return Ok(None);
                    }
                    Source::Unknown => return Ok(Some(generation::out_of_date(headers))),
                }
            }
            if self.activity == Activity::Opens {
                visit = sessions.touch(live, live.now).await?;
            }
        }
        request.extensions_mut().insert(visit);
        Ok(None)
    }

    /// The session in which `request`, which has been let on, is activity if it is taken.
    pub(super) fn counts_in(&self, request: &Request) -> Option<LiveSession> {
        match request.extensions().get() {
            Some(Visit::Live(live)) if self.activity == Activity::Sends => Some(*live),
            _ => None,
        }
    }

    /// The key, where the store need not be asked.
    fn known_key(&self) -> Option<SessionKey> {
        self.key.filter(|_| !self.asks_for_deadline)
    }
}
