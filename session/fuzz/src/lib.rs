//! What the fuzz targets share: a program with one live session.

use std::{sync::Arc, time::Duration};

use dwell::{
    Dwell, EndReason, Generation, Instant, Lifetime, PersonId, Policy, Preset, SessionCookie,
    clock::{Clock, ManualClock},
    store::{
        Data, Expired, ListedSession, Listener, Lookup, NewSession, Presence, Session, SessionId,
        SessionKey, SessionLimits, Store, StoreError, Sweep, async_trait,
    },
};

/// The id of the one live session, as it stands in the cookie.
pub const ID: &str = "AQAAAAAAAAAAAAAAAAAAAA";

/// Makes Dwell for a program whose store has one live session, that with [`ID`].
pub fn dwell_with(cookie: SessionCookie) -> Dwell {
    let id: SessionId = ID.parse().expect("an id");
    let now = Instant::from_millis(1_000_000_000_000);
    let policy = Policy::preset(Preset::OwaspLow);
    let store = OneSession {
        clock: Arc::new(ManualClock::at(now)),
        session: Session {
            key: SessionKey::of(&id),
            person: "ada".parse::<PersonId>().expect("a person's id"),
            generation: Generation::from_random(1),
            lifetime: Lifetime::begin(now),
            limits: SessionLimits::from(&policy),
        },
    };
    let builder = Dwell::builder(policy).store(store).cookie(cookie);
    builder.build().expect("a store and the default paths")
}

/// Finds one session, and changes nothing.
#[derive(Debug)]
struct OneSession {
    clock: Arc<ManualClock>,
    session: Session,
}

#[async_trait]
impl Store for OneSession {
    fn clock(&self) -> Option<Arc<dyn Clock>> {
        Some(Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        Ok(self.clock.now())
    }

    async fn create(&self, _: NewSession) -> Result<Lifetime, StoreError> {
        Err(StoreError::new("there is one session already"))
    }

    async fn find(&self, key: SessionKey) -> Result<Lookup, StoreError> {
        Ok(Lookup {
            now: self.clock.now(),
            presence: match key == self.session.key {
                true => Presence::Found(self.session.clone()),
                false => Presence::Unknown,
            },
        })
    }

    async fn touch(&self, key: SessionKey, _: Instant) -> Result<Lookup, StoreError> {
        self.find(key).await
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        let mut touches = touches.to_vec();
        touches.retain(|(key, _)| *key == self.session.key);
        Ok(touches)
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        let mut keys = keys.to_vec();
        keys.retain(|key| *key == self.session.key);
        Ok(keys)
    }

    async fn rotate(&self, _: SessionKey, _: NewSession) -> Result<Option<Lifetime>, StoreError> {
        Ok(None)
    }

    async fn end(&self, _: SessionKey, _: EndReason) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn end_others(
        &self,
        _: &PersonId,
        _: SessionKey,
        _: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        Ok(Vec::new())
    }

    async fn list(&self, _: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        Ok(Vec::new())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(1)
    }

    async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        let is_own = generation == self.session.generation;
        Ok(is_own.then(|| self.session.person.clone()))
    }

    async fn expire(&self, _: SessionKey) -> Result<Option<Expired>, StoreError> {
        Ok(None)
    }

    async fn sweep(&self, _: u32) -> Result<Sweep, StoreError> {
        Ok(Sweep::default())
    }

    async fn tighten(&self, _: SessionLimits, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn forget(&self, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn keep_time(&self, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn data(&self, _: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        Ok(None)
    }

    async fn set_data(&self, _: SessionKey, _: &Data) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn follow(&self, _: Arc<dyn Listener>) -> StoreError {
        StoreError::new(format!("nothing happens within {:?}", Duration::MAX))
    }
}
