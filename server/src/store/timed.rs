//! How long a store takes, and may take.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime};
use tokio::time::timeout;

use super::{
    Data, ListedSession, Listener, NewSession, SessionKey, Sighting, Store, StoreError, Sweep,
    Swept,
};
use crate::{
    account_id::AccountId,
    clock::Stopwatch,
    connections::Silent,
    metrics::{Metrics, Operation},
};

/// A store that counts what another one takes and where it fails, and gives up what takes longer
/// than it may.
#[derive(Debug, Clone)]
pub struct Timed {
    store: Arc<dyn Store>,
    patience: Duration,
    metrics: Metrics,
}

impl Timed {
    /// Waits for `store`, but no longer than `patience`.
    pub fn new(store: Arc<dyn Store>, patience: Duration, metrics: Metrics) -> Self {
        Self {
            store,
            patience,
            metrics,
        }
    }

    async fn wait<T>(
        &self,
        operation: Operation,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = async {
            match timeout(self.patience, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(StoreError::new(Silent(self.patience))),
            }
        };
        self.measure(operation, answer).await
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
impl Store for Timed {
    async fn ping(&self) -> Result<(), StoreError> {
        self.wait(Operation::Ping, self.store.ping()).await
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        self.wait(Operation::Now, self.store.now()).await
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        self.wait(Operation::Create, self.store.create(session))
            .await
    }

    async fn find(&self, key: SessionKey) -> Result<Sighting, StoreError> {
        self.wait(Operation::Find, self.store.find(key)).await
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Sighting, StoreError> {
        self.wait(Operation::Touch, self.store.touch(key, at)).await
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        self.wait(Operation::TouchAll, self.store.touch_all(touches))
            .await
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        self.wait(Operation::LiveAmong, self.store.live_among(keys))
            .await
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        self.wait(Operation::Rotate, self.store.rotate(old, session))
            .await
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        self.wait(Operation::End, self.store.end(key, reason)).await
    }

    async fn end_others(
        &self,
        account: AccountId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        let answer = self.store.end_others(account, keep, reason);
        self.wait(Operation::EndOthers, answer).await
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ListedSession>, StoreError> {
        self.wait(Operation::List, self.store.list(account)).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.wait(Operation::Count, self.store.count()).await
    }

    async fn owner(&self, generation: Generation) -> Result<Option<AccountId>, StoreError> {
        self.wait(Operation::Owner, self.store.owner(generation))
            .await
    }

    async fn expire(&self, key: SessionKey) -> Result<Option<Swept>, StoreError> {
        self.wait(Operation::Expire, self.store.expire(key)).await
    }

    /// What it has ended is told in its answer alone, which must not be lost.
    async fn sweep(&self, most: u32) -> Result<Sweep, StoreError> {
        self.measure(Operation::Sweep, self.store.sweep(most)).await
    }

    async fn forget(&self, most: u32) -> Result<u64, StoreError> {
        self.wait(Operation::Forget, self.store.forget(most)).await
    }

    async fn keep_time(&self, most: u32) -> Result<u64, StoreError> {
        self.wait(Operation::KeepTime, self.store.keep_time(most))
            .await
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        self.wait(Operation::Data, self.store.data(key)).await
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        self.wait(Operation::SetData, self.store.set_data(key, data))
            .await
    }

    /// Lasts for as long as the store is followed, which is no measure of it.
    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        self.store.follow(listener).await
    }
}
