//! How long a store takes.

use std::sync::Arc;

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime};

use super::{
    Data, ListedSession, Listener, NewSession, SessionKey, Sighting, Store, StoreError, Swept,
};
use crate::{
    account_id::AccountId,
    clock::Stopwatch,
    metrics::{Metrics, Operation},
};

/// A store that counts what another one takes and where it fails.
#[derive(Debug, Clone)]
pub struct Measured {
    store: Arc<dyn Store>,
    metrics: Metrics,
}

impl Measured {
    /// Measures `store`.
    pub fn new(store: Arc<dyn Store>, metrics: Metrics) -> Self {
        Self { store, metrics }
    }

    async fn measure<T>(
        &self,
        operation: Operation,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let stopwatch = Stopwatch::start();
        let answer = answer.await;
        self.metrics.store_answered(operation, stopwatch.elapsed());
        if answer.is_err() {
            self.metrics.store_failed(operation);
        }
        answer
    }
}

#[async_trait]
impl Store for Measured {
    async fn ping(&self) -> Result<(), StoreError> {
        self.measure(Operation::Ping, self.store.ping()).await
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        self.measure(Operation::Now, self.store.now()).await
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        self.measure(Operation::Create, self.store.create(session))
            .await
    }

    async fn find(&self, key: SessionKey) -> Result<Sighting, StoreError> {
        self.measure(Operation::Find, self.store.find(key)).await
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Sighting, StoreError> {
        self.measure(Operation::Touch, self.store.touch(key, at))
            .await
    }

    async fn touch_all(&self, touches: &[(SessionKey, Instant)]) -> Result<(), StoreError> {
        self.measure(Operation::TouchAll, self.store.touch_all(touches))
            .await
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        self.measure(Operation::Rotate, self.store.rotate(old, session))
            .await
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        self.measure(Operation::End, self.store.end(key, reason))
            .await
    }

    async fn end_others(
        &self,
        account: AccountId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        let answer = self.store.end_others(account, keep, reason);
        self.measure(Operation::EndOthers, answer).await
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ListedSession>, StoreError> {
        self.measure(Operation::List, self.store.list(account))
            .await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.measure(Operation::Count, self.store.count()).await
    }

    async fn owner(&self, generation: Generation) -> Result<Option<AccountId>, StoreError> {
        self.measure(Operation::Owner, self.store.owner(generation))
            .await
    }

    async fn sweep(&self) -> Result<Vec<Swept>, StoreError> {
        self.measure(Operation::Sweep, self.store.sweep()).await
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        self.measure(Operation::Data, self.store.data(key)).await
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        self.measure(Operation::SetData, self.store.set_data(key, data))
            .await
    }

    /// Lasts for as long as the store is followed, which is no measure of it.
    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        self.store.follow(listener).await
    }
}
