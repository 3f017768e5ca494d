//! A store that limits and measures how long the operations of another store take.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime};
use tokio::time::timeout;

use super::{
    Data, Expired, ListedSession, Listener, Lookup, NewSession, SessionKey, SessionLimits, Store,
    StoreError, Sweep, TimedOut,
};
use crate::{
    PersonId,
    clock::{Clock, Stopwatch},
    meter::{Meter, Operation},
};

/// A store that measures how long the operations of another store take and whether they fail, and
/// gives up operations that take too long.
#[derive(Debug)]
pub(crate) struct Timed {
    store: Arc<dyn Store>,
    timeout: Duration,
    meter: Arc<dyn Meter>,
}

impl Timed {
    /// Limits the operations of `store` to `timeout`.
    pub(crate) fn new(store: Arc<dyn Store>, timeout: Duration, meter: Arc<dyn Meter>) -> Self {
        Self {
            store,
            timeout,
            meter,
        }
    }

    async fn limit_and_measure<T>(
        &self,
        operation: Operation,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = async {
            match timeout(self.timeout, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(StoreError::new(TimedOut(self.timeout))),
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
        let (duration, has_failed) = (stopwatch.elapsed(), answer.is_err());
        self.meter.store_answered(operation, duration, has_failed);
        answer
    }
}

#[async_trait]
impl Store for Timed {
    fn clock(&self) -> Option<Arc<dyn Clock>> {
        self.store.clock()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.limit_and_measure(Operation::Ping, self.store.ping())
            .await
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        self.limit_and_measure(Operation::Now, self.store.now())
            .await
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        self.limit_and_measure(Operation::Create, self.store.create(session))
            .await
    }

    async fn find(&self, key: SessionKey) -> Result<Lookup, StoreError> {
        self.limit_and_measure(Operation::Find, self.store.find(key))
            .await
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Lookup, StoreError> {
        self.limit_and_measure(Operation::Touch, self.store.touch(key, at))
            .await
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        self.limit_and_measure(Operation::TouchAll, self.store.touch_all(touches))
            .await
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        self.limit_and_measure(Operation::LiveAmong, self.store.live_among(keys))
            .await
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        self.limit_and_measure(Operation::Rotate, self.store.rotate(old, session))
            .await
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        self.limit_and_measure(Operation::End, self.store.end(key, reason))
            .await
    }

    async fn end_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        let answer = self.store.end_others(person, keep, reason);
        self.limit_and_measure(Operation::EndOthers, answer).await
    }

    async fn list(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        self.limit_and_measure(Operation::List, self.store.list(person))
            .await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.limit_and_measure(Operation::Count, self.store.count())
            .await
    }

    async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        self.limit_and_measure(Operation::Owner, self.store.owner(generation))
            .await
    }

    async fn expire(&self, key: SessionKey) -> Result<Option<Expired>, StoreError> {
        self.limit_and_measure(Operation::Expire, self.store.expire(key))
            .await
    }

    /// There is no limit on this operation, because only its answer says which sessions it has
    /// ended.
    async fn sweep(&self, limit: u32) -> Result<Sweep, StoreError> {
        self.measure(Operation::Sweep, self.store.sweep(limit))
            .await
    }

    async fn tighten(&self, limits: SessionLimits, limit: u32) -> Result<u64, StoreError> {
        self.limit_and_measure(Operation::Tighten, self.store.tighten(limits, limit))
            .await
    }

    async fn forget(&self, limit: u32) -> Result<u64, StoreError> {
        self.limit_and_measure(Operation::Forget, self.store.forget(limit))
            .await
    }

    async fn keep_time(&self, limit: u32) -> Result<u64, StoreError> {
        self.limit_and_measure(Operation::KeepTime, self.store.keep_time(limit))
            .await
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        self.limit_and_measure(Operation::Data, self.store.data(key))
            .await
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        self.limit_and_measure(Operation::SetData, self.store.set_data(key, data))
            .await
    }

    /// There is nothing to measure, because this takes as long as the store is followed.
    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        self.store.follow(listener).await
    }
}
