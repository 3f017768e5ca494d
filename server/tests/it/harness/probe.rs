//! A store that counts its operations, and that a test can make fail or wait.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use dwell::{EndReason, Generation, Instant, Lifetime};
use dwell::{
    PersonId,
    clock::Clock,
    store::{
        Data, Expired, ListedSession, Listener, Lookup, NewSession, SessionKey, SessionLimits,
        Store, StoreError, Sweep, async_trait,
    },
};

use tokio::sync::{oneshot, watch};

use super::{Setup, TestApp};

/// The real store, with counters.
#[derive(Debug)]
pub struct Probe {
    store: Arc<dyn Store>,
    calls_left: AtomicUsize,
    failures: AtomicUsize,
    touches: AtomicUsize,
    writes: AtomicUsize,
    calls: AtomicUsize,
    found: watch::Sender<usize>,
    /// How many sessions must have been found before a touch is written.
    found_before_writes: AtomicUsize,
    tells: bool,
    /// Reports that an answer is held back, and waits.
    hold: Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
}

impl Probe {
    /// An app with a probe that sends no reports of ends.
    pub async fn app() -> (TestApp, Arc<Self>) {
        Self::app_on(false).await
    }

    /// An app with a probe that sends reports of ends, so that the store need not be asked at every
    /// request.
    pub async fn app_with_reports() -> (TestApp, Arc<Self>) {
        Self::app_on(true).await
    }

    async fn app_on(tells: bool) -> (TestApp, Arc<Self>) {
        let mut probe = None;
        let app = TestApp::on(Setup::default(), |store| {
            let watched = Arc::new(Self {
                store,
                calls_left: AtomicUsize::new(usize::MAX),
                failures: AtomicUsize::new(0),
                touches: AtomicUsize::new(0),
                writes: AtomicUsize::new(0),
                calls: AtomicUsize::new(0),
                found: watch::Sender::new(0),
                found_before_writes: AtomicUsize::new(0),
                tells,
                hold: Mutex::default(),
            });
            probe = Some(watched.clone());
            watched
        })
        .await;
        (app, probe.unwrap())
    }

    /// From now on, the store answers `calls` times and then fails.
    pub fn fail_after(&self, calls: usize) {
        self.failures.store(0, SeqCst);
        self.calls_left.store(calls, SeqCst);
    }

    /// From now on, the store works. Returns how often it has failed.
    pub fn recover(&self) -> usize {
        self.calls_left.store(usize::MAX, SeqCst);
        self.failures.load(SeqCst)
    }

    /// How many batches of touches have been written.
    pub fn writes(&self) -> usize {
        self.writes.load(SeqCst)
    }

    /// How many touches have been written.
    pub fn touches(&self) -> usize {
        self.touches.load(SeqCst)
    }

    /// How often the store has been asked for anything.
    pub fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    /// From now on, touches wait until this many more lookups have found their sessions.
    pub fn hold_writes_until_found(&self, times: usize) {
        let found = *self.found.borrow() + times;
        self.found_before_writes.store(found, SeqCst);
    }

    /// Holds back the answer to the next lookup. The receiver reports that the session has been
    /// found; dropping the sender releases the answer.
    pub fn hold_next_find(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let (found, is_found) = oneshot::channel();
        let (go_on, waiting) = oneshot::channel();
        *self.hold.lock().unwrap() = Some((found, waiting));
        (is_found, go_on)
    }

    async fn may_write(&self) {
        let enough = self.found_before_writes.load(SeqCst);
        let mut found = self.found.subscribe();
        // This fails only if the probe has been dropped.
        let _ = found.wait_for(|found| *found >= enough).await;
    }

    fn answer(&self) -> Result<&dyn Store, StoreError> {
        self.calls.fetch_add(1, SeqCst);
        let is_left = |left: usize| match left {
            usize::MAX => Some(left),
            _ => left.checked_sub(1),
        };
        match self.calls_left.fetch_update(SeqCst, SeqCst, is_left) {
            Ok(_) => Ok(self.store.as_ref()),
            Err(_) => {
                self.failures.fetch_add(1, SeqCst);
                Err(StoreError::new("told to fail"))
            }
        }
    }
}

#[async_trait]
impl Store for Probe {
    fn clock(&self) -> Option<Arc<dyn Clock>> {
        self.store.clock()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.answer()?.ping().await
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        self.answer()?.now().await
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        self.answer()?.create(session).await
    }

    async fn find(&self, key: SessionKey) -> Result<Lookup, StoreError> {
        let sighting = self.answer()?.find(key).await;
        self.found.send_modify(|found| *found += 1);
        let hold = self.hold.lock().unwrap().take();
        if let Some((found, go_on)) = hold {
            found.send(()).unwrap();
            let _ = go_on.await;
        }
        sighting
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Lookup, StoreError> {
        self.writes.fetch_add(1, SeqCst);
        self.touches.fetch_add(1, SeqCst);
        self.may_write().await;
        self.answer()?.touch(key, at).await
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        self.writes.fetch_add(1, SeqCst);
        self.touches.fetch_add(touches.len(), SeqCst);
        self.may_write().await;
        self.answer()?.touch_all(touches).await
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        self.answer()?.live_among(keys).await
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        self.answer()?.rotate(old, session).await
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        self.answer()?.end(key, reason).await
    }

    async fn end_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        self.answer()?.end_others(person, keep, reason).await
    }

    async fn list(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        self.answer()?.list(person).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.answer()?.count().await
    }

    async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        self.answer()?.owner(generation).await
    }

    async fn expire(&self, key: SessionKey) -> Result<Option<Expired>, StoreError> {
        self.answer()?.expire(key).await
    }

    async fn sweep(&self, limit: u32) -> Result<Sweep, StoreError> {
        self.answer()?.sweep(limit).await
    }

    async fn tighten(&self, limits: SessionLimits, limit: u32) -> Result<u64, StoreError> {
        self.answer()?.tighten(limits, limit).await
    }

    async fn forget(&self, limit: u32) -> Result<u64, StoreError> {
        self.answer()?.forget(limit).await
    }

    async fn keep_time(&self, limit: u32) -> Result<u64, StoreError> {
        self.answer()?.keep_time(limit).await
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        self.answer()?.data(key).await
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        self.answer()?.set_data(key, data).await
    }

    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        match self.tells {
            true => self.store.follow(listener).await,
            false => pending().await,
        }
    }
}
