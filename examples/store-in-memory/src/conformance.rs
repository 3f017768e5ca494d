//! The promises that every store gives.

use std::sync::Arc;

use dwell::{
    Instant,
    clock::ManualClock,
    store::{SessionKey, Store, async_trait},
};
use dwell_conformance::{START, Subject};

use crate::MemoryStore;

dwell_conformance::suite!(in_memory);

struct InMemory {
    store: MemoryStore,
    clock: Arc<ManualClock>,
}

async fn in_memory() -> InMemory {
    let clock = Arc::new(ManualClock::at(START));
    let store = MemoryStore::new(clock.clone());
    InMemory { store, clock }
}

#[async_trait]
impl Subject for InMemory {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn elsewhere(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    async fn set_clock(&self, now: Instant) {
        self.clock.advance_to(now);
    }

    async fn sessions_kept(&self) -> u64 {
        self.store.lock().0.all().len() as u64
    }

    async fn personal_data(&self, key: SessionKey) -> String {
        let (sessions, _) = self.store.lock();
        let details = &sessions.all()[&key].new;
        let mut text = details.credential.clone().unwrap_or_default();
        if let Some(provider) = &details.provider {
            text += &provider.issuer;
            text += &provider.subject;
            text += provider.session.as_deref().unwrap_or_default();
        }
        text += &details.origin.address;
        text += &details.origin.browser;
        for (name, value) in &details.data {
            text += name;
            text += &value.to_string();
        }
        text
    }
}
