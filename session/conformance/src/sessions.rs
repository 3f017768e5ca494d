//! Sessions to test with, and what is seen of them.

use std::{sync::Arc, time::Duration};

use dwell::{
    EndReason, Generation, Instant, Limits, PersonId,
    store::{
        Expired, Lookup, NewSession, Origin, Presence, Provider, Session, SessionId, SessionKey,
        SessionLimits, Store,
    },
};
use serde_json::json;

/// A session that has not been created yet, with everything that a session can have.
pub fn new_session(person: &PersonId) -> NewSession {
    let Limits { idle, absolute, .. } = Limits::default();
    NewSession {
        key: SessionKey::of(&SessionId::default()),
        person: person.clone(),
        generation: Generation::from_random(rand::random()),
        limits: SessionLimits { idle, absolute },
        authenticated_ago: Duration::ZERO,
        credential: Some("7".into()),
        provider: Some(Provider {
            issuer: "https://id.example.com".into(),
            subject: "ada".into(),
            session: Some("s-1".into()),
        }),
        origin: Origin {
            address: "192.0.2.7".into(),
            browser: "A browser/1.0 \u{1f98a}".into(),
        },
        data: [("person".into(), json!(person.as_str()))].into(),
    }
}

/// Whether the operations that change nothing, or put back what is there, find the session alive.
pub(crate) async fn lives(store: &dyn Store, session: &NewSession) -> bool {
    let key = session.key;
    let long_ago = Instant::from_millis(0);
    let told = [
        ("data", store.data(key).await.unwrap().is_some()),
        (
            "set_data",
            store.set_data(key, &session.data).await.unwrap(),
        ),
        ("list", {
            let listed = store.list(&session.person).await.unwrap();
            listed.iter().any(|listed| listed.session.key == key)
        }),
    ];
    let is_live = told[0].1;
    assert!(told.iter().all(|(_, told)| *told == is_live), "{told:?}");
    // An end that is yet to be swept is found as a session; its lifetime tells.
    let found = store.touch(key, long_ago).await.unwrap();
    assert!(!is_live || found.is_found(), "{found:?}");
    is_live
}

/// What a [`Lookup`] says.
pub trait LookupExt {
    /// The session that was found.
    ///
    /// # Panics
    ///
    /// It has ended, or there is none.
    fn found(self) -> Session;

    /// Whether the session was found.
    fn is_found(&self) -> bool;

    /// Whether there is no such session, not even one that has ended.
    fn is_unknown(&self) -> bool;

    /// Why the session has ended, if it has.
    fn end_reason(&self) -> Option<EndReason>;
}

impl LookupExt for Lookup {
    fn found(self) -> Session {
        match self.presence {
            Presence::Found(session) => session,
            presence => panic!("{presence:?}"),
        }
    }

    fn is_found(&self) -> bool {
        matches!(self.presence, Presence::Found(_))
    }

    fn is_unknown(&self) -> bool {
        matches!(self.presence, Presence::Unknown)
    }

    fn end_reason(&self) -> Option<EndReason> {
        match &self.presence {
            Presence::Ended(tombstone) => Some(tombstone.reason),
            _ => None,
        }
    }
}

/// Ends all sessions whose time is over, and deletes all tombstones that are old enough. Returns
/// what it has ended.
///
/// # Panics
///
/// The store failed.
pub async fn sweep(store: &Arc<dyn Store>) -> Vec<Expired> {
    while store.forget(500).await.unwrap() > 0 {}
    let mut swept = Vec::new();
    loop {
        let sweep = store.sweep(500).await.unwrap();
        swept.extend(sweep.ended);
        if !sweep.is_more {
            return swept;
        }
    }
}
