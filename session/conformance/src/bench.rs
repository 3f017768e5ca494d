//! A store on the bench: with a clock that the test moves, and with shorthands for what tests do.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use dwell::{
    Checks, EndReason, Instant, Limits, PersonId, Policy,
    store::{Lookup, NewSession, SessionKey, Store},
};
use tokio::sync::Mutex;

use crate::{START, Subject, new_session, sessions::lives};

/// A store for one test, with all that the test needs.
///
/// It is public for tests of your own, of what only your engine can get wrong.
/// A `&Bench<MySubject>` is also a `&Bench`, that is, a `&Bench<dyn Subject>`.
///
/// Every method panics where the store fails.
pub struct Bench<S: ?Sized = dyn Subject> {
    /// The store as one node has it.
    pub store: Arc<dyn Store>,
    /// The same sessions, as another node has them.
    pub elsewhere: Arc<dyn Store>,
    /// The policy whose timeouts [`new_session`] gives to every session.
    pub policy: Policy,
    now: AtomicI64,
    /// Held while the clock is moved, so that no move is lost.
    moving: Mutex<()>,
    /// What the store and its clock were taken from.
    pub subject: S,
}

impl<S: Subject> Bench<S> {
    /// Puts a store on the bench, at [`START`].
    pub async fn of(subject: S) -> Self {
        subject.set_clock(START).await;
        Self {
            store: subject.store(),
            elsewhere: subject.elsewhere(),
            policy: policy(),
            now: AtomicI64::new(START.as_millis()),
            moving: Mutex::default(),
            subject,
        }
    }
}

impl<S: Subject + ?Sized> Bench<S> {
    /// The time on the clock that the store goes by.
    pub fn now(&self) -> Instant {
        Instant::from_millis(self.now.load(SeqCst))
    }

    /// Moves the clock forward.
    pub async fn advance(&self, duration: Duration) {
        let _moving = self.moving.lock().await;
        self.set_clock(self.now() + duration).await;
    }

    /// Moves the clock back.
    pub async fn set_back(&self, duration: Duration) {
        let _moving = self.moving.lock().await;
        self.set_clock(self.now() - duration).await;
    }

    async fn set_clock(&self, now: Instant) {
        self.subject.set_clock(now).await;
        self.now.store(now.as_millis(), SeqCst);
    }

    /// A person who has no sessions yet.
    pub fn person(&self) -> PersonId {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        PersonId::from(COUNT.fetch_add(1, SeqCst))
    }

    /// Begins a session of `person`.
    pub async fn session_of(&self, person: &PersonId) -> NewSession {
        let session = new_session(person);
        self.store.create(session.clone()).await.unwrap();
        session
    }

    /// Begins a session of a person who has no other.
    pub async fn session(&self) -> NewSession {
        self.session_of(&self.person()).await
    }

    /// [`Store::find`].
    pub async fn find(&self, key: SessionKey) -> Lookup {
        self.store.find(key).await.unwrap()
    }

    /// [`Store::touch`].
    pub async fn touch(&self, key: SessionKey, at: Instant) -> Lookup {
        self.store.touch(key, at).await.unwrap()
    }

    /// [`Store::end`].
    pub async fn end(&self, key: SessionKey, reason: EndReason) -> bool {
        self.store.end(key, reason).await.unwrap()
    }

    /// The keys of the live sessions of `person`, the latest active first.
    pub async fn listed(&self, person: &PersonId) -> Vec<SessionKey> {
        let sessions = self.store.list(person).await.unwrap();
        sessions.iter().map(|listed| listed.session.key).collect()
    }

    /// Whether the session lives. Panics unless all operations on both nodes agree on that.
    pub async fn is_live(&self, session: &NewSession) -> bool {
        let told = [
            lives(self.store.as_ref(), session).await,
            lives(self.elsewhere.as_ref(), session).await,
        ];
        assert_eq!(told[0], told[1], "the nodes do not agree");
        told[0]
    }

    /// [`Subject::sessions_kept`].
    pub async fn sessions_kept(&self) -> u64 {
        self.subject.sessions_kept().await
    }

    /// [`Subject::personal_data`].
    pub async fn personal_data(&self, key: SessionKey) -> String {
        self.subject.personal_data(key).await
    }
}

impl<S: Subject + ?Sized> fmt::Debug for Bench<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bench")
            .field("store", &self.store)
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

fn policy() -> Policy {
    Policy::new(Limits::default(), None, Checks::Enforce).unwrap()
}
