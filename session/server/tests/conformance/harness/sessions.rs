//! Sessions, and what is seen of them.

use std::{sync::Arc, time::Duration};

use dwell::{
    EndReason, Generation, Instant, Limits, PersonId,
    store::{
        Expired, Lookup, NewSession, Origin, Presence, Provider, Session, SessionId, SessionKey,
        SessionLimits, Store,
    },
};
use serde_json::json;

use super::Bench;

/// A session that nobody has begun yet.
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

impl Bench {
    /// Begins a session of `person`.
    pub async fn session_of(&self, person: &PersonId) -> NewSession {
        let session = new_session(person);
        self.store.create(session.clone()).await.unwrap();
        session
    }

    /// Begins a session of somebody new.
    pub async fn session(&self) -> NewSession {
        self.session_of(&self.person()).await
    }

    pub async fn find(&self, key: SessionKey) -> Lookup {
        self.store.find(key).await.unwrap()
    }

    pub async fn touch(&self, key: SessionKey, at: Instant) -> Lookup {
        self.store.touch(key, at).await.unwrap()
    }

    pub async fn end(&self, key: SessionKey, reason: EndReason) -> bool {
        self.store.end(key, reason).await.unwrap()
    }

    pub async fn listed(&self, person: &PersonId) -> Vec<SessionKey> {
        let sessions = self.store.list(person).await.unwrap();
        sessions.iter().map(|listed| listed.session.key).collect()
    }

    /// Whether each operation says that the session lives; on both nodes.
    pub async fn is_live(&self, session: &NewSession) -> bool {
        let told = [
            lives(self.store.as_ref(), session).await,
            lives(self.elsewhere.as_ref(), session).await,
        ];
        assert_eq!(told[0], told[1], "the nodes do not agree");
        told[0]
    }
}

/// The operations that change nothing, or put back what is there.
async fn lives(store: &dyn Store, session: &NewSession) -> bool {
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

/// What a lookup tells.
pub trait Lookups {
    fn found(self) -> Session;
    fn is_found(&self) -> bool;
    fn is_unknown(&self) -> bool;
    fn end_reason(&self) -> Option<EndReason>;
}

impl Lookups for Lookup {
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

/// Everything that time has ended. Forgets what has ended long ago.
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
