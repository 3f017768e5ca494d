//! The sessions as this node sees them: the store, the policy, the index of live sessions, and the
//! touches that have not been written yet.

mod begin;
mod index;
mod pending;
mod shard;
mod visit;
mod writer;

use std::{convert::Infallible, sync::Arc, time::Duration};

use dwell_session::{EndReason, Generation, Instant, Policy};
use rustc_hash::FxHashMap;
use tokio::time::sleep;

pub(crate) use self::begin::{Begun, SessionParams};
use self::{
    index::Index,
    shard::{Counters, Ticket},
    writer::{Writer, Written},
};
pub use self::{
    index::STALENESS,
    visit::{LiveSession, Visit},
};
use crate::{
    Maintenance, PersonId,
    clock::Clock,
    meter::Meter,
    store::{
        Expired, ListedSession, Lookup, Presence, SessionKey, SessionLimits, Store, StoreError,
    },
};

/// How many touches are written in one operation.
const WRITE_BATCH: usize = 500;

/// How many sessions are swept, and how many tombstones are deleted, in one transaction. A larger
/// number costs less for each session; a smaller one lets others write sooner.
const SWEEP_BATCH: u32 = 200;

/// How many sessions with instants later than now are corrected in one operation.
const KEEP_TIME_BATCH: u32 = 200;

/// How many sessions have their limits shortened in one operation.
const TIGHTEN_BATCH: u32 = 200;

/// How long to wait before following the store again after a failure.
const FOLLOW_RETRY: Duration = Duration::from_millis(100);

/// The operations on sessions.
///
/// If the last activity in the store is at least the grace ago, a touch is written before the
/// request is answered. Otherwise it is deferred until the last activity in the store is half the
/// grace ago, and is then written together with others. So the last activity in the store is always
/// less than the grace behind what browsers have been told. Therefore what they have been told
/// stays true even if the process is killed, and no other node ends the session too early.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: Arc<dyn Store>,
    policy: Policy,
    index: Arc<Index>,
    writer: Arc<Writer>,
    meter: Arc<dyn Meter>,
}

impl Sessions {
    /// The sessions in `store`, under `policy`, on a node with this clock.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        policy: Policy,
        clock: Arc<dyn Clock>,
        meter: Arc<dyn Meter>,
    ) -> Self {
        Self {
            writer: Arc::new(Writer::new(Arc::clone(&store))),
            store,
            policy,
            index: Arc::new(Index::new(policy, clock)),
            meter,
        }
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn meter(&self) -> &dyn Meter {
        self.meter.as_ref()
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    /// Returns the session with this key if the index knows that it is live, without asking the
    /// store. A session that another node has ended may be returned for up to [`STALENESS`] after
    /// its end, and recent activity on other nodes may be missing from it.
    pub(crate) fn find_indexed(&self, key: SessionKey) -> Option<LiveSession> {
        self.index.look_up(key)
    }

    /// Returns the session like [`find_indexed`](Self::find_indexed), and touches it now. Returns
    /// `None` if the touch has to be written at once.
    pub(crate) fn touch_indexed(&self, key: SessionKey) -> Option<LiveSession> {
        self.index.touch(key)
    }

    /// Asks the store about the session with this key.
    pub(crate) async fn find(&self, key: SessionKey) -> Result<Visit, StoreError> {
        self.meter.index_missed();
        let ticket = self.index.ticket(key);
        let pending = self.index.pending(key);
        let lookup = self.store.find(key).await?;
        self.resolve(key, lookup, ticket, pending).await
    }

    /// Moves the last activity of `live` forward to `at`, but not beyond now, if the session is
    /// still live.
    pub(crate) async fn touch(&self, live: &LiveSession, at: Instant) -> Result<Visit, StoreError> {
        match self.index.defer(live, at) {
            Some(Ok(lifetime)) => {
                let mut live = live.clone();
                live.session.lifetime = lifetime;
                Ok(Visit::Live(live))
            }
            Some(Err(reason)) => Ok(Visit::Ended(live.session.tombstone(reason))),
            None => Box::pin(self.write_touch(live.session.key, at)).await,
        }
    }

    async fn write_touch(&self, key: SessionKey, at: Instant) -> Result<Visit, StoreError> {
        let ticket = self.index.ticket(key);
        let pending = self.index.pending(key);
        let lookup = match self.writer.write(key, at).await? {
            Written::Single(lookup) => lookup,
            Written::Batch => self.store.find(key).await?,
        };
        if let Presence::Found(session) = &lookup.presence {
            let stored_at = session.lifetime.last_active_at();
            self.index.written(key, at, stored_at);
        }
        self.meter.touches_written(1);
        self.resolve(key, lookup, ticket, pending).await
    }

    /// Ends a session, if it is live. Returns whether it was.
    pub(crate) async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        let ended = self.store.end(key, reason).await?;
        self.index.evict(key);
        if ended {
            self.report_end(key, reason);
        }
        Ok(ended)
    }

    fn report_end(&self, session: SessionKey, reason: EndReason) {
        self.meter.sessions_ended(reason, 1);
        tracing::info!(event = "session_ended", %session, %reason);
    }

    /// Ends every session of `person` except `keep`. Returns the number of ended sessions.
    pub(crate) async fn end_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
    ) -> Result<usize, StoreError> {
        let reason = EndReason::Revoked;
        let ended = self.store.end_others(person, keep, reason).await?;
        for key in &ended {
            self.index.evict(*key);
        }
        let count = ended.len();
        self.meter.sessions_ended(reason, count);
        tracing::info!(event = "sessions_ended", %person, count, %reason);
        Ok(count)
    }

    /// Returns the live sessions of `person` except `keep`, the most recently active first.
    pub(crate) async fn list_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
    ) -> Result<Vec<ListedSession>, StoreError> {
        let mut sessions = self.store.list(person).await?;
        sessions.retain(|listed| listed.session.key != keep);
        Ok(sessions)
    }

    pub(crate) async fn list(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        self.store.list(person).await
    }

    pub(crate) async fn count(&self) -> Result<u64, StoreError> {
        self.store.count().await
    }

    pub(crate) async fn owner(
        &self,
        generation: Generation,
    ) -> Result<Option<PersonId>, StoreError> {
        self.store.owner(generation).await
    }

    /// Writes the touches that are due, and ends some of the sessions whose time is over.
    pub(crate) async fn maintain(&self) -> Result<Maintenance, StoreError> {
        let now = match self.index.now() {
            Some(now) => now,
            None => self.store.now().await?,
        };
        self.write_pending(now).await?;
        let sweep = self.store.sweep(SWEEP_BATCH).await?;
        for expired in sweep.ended {
            self.report_expired(&expired);
        }
        Ok(match sweep.is_more {
            true => Maintenance::MoreToDo,
            false => Maintenance::Done,
        })
    }

    /// Deletes some of the tombstones that are old enough.
    pub(crate) async fn forget_tombstones(&self) -> Result<Maintenance, StoreError> {
        let forgotten = self.store.forget(SWEEP_BATCH).await?;
        Ok(Maintenance::after(forgotten, SWEEP_BATCH))
    }

    /// Makes sure that the time of the store does not go back, and sets instants later than now to
    /// now.
    pub(crate) async fn keep_time(&self) -> Result<Maintenance, StoreError> {
        let corrected = self.store.keep_time(KEEP_TIME_BATCH).await?;
        if corrected > 0 {
            tracing::warn!(
                event = "instants_after_now",
                sessions = corrected,
                "some sessions had instants later than now, because a clock was ahead: these \
                 instants were set to now"
            );
        }
        Ok(Maintenance::after(corrected, KEEP_TIME_BATCH))
    }

    /// Shortens the limits of sessions that have begun under a policy with longer ones.
    pub(crate) async fn tighten(&self) -> Result<(), StoreError> {
        let limits = SessionLimits::from(&self.policy);
        let mut shortened = 0;
        loop {
            let count = self.store.tighten(limits, TIGHTEN_BATCH).await?;
            shortened += count;
            if Maintenance::after(count, TIGHTEN_BATCH) == Maintenance::Done {
                break;
            }
        }
        if shortened > 0 {
            tracing::info!(
                event = "sessions_tightened",
                sessions = shortened,
                "some sessions had longer limits than the policy now allows: their limits \
                 were shortened"
            );
        }
        Ok(())
    }

    fn report_expired(&self, expired: &Expired) {
        let Expired {
            key: session,
            reason,
            ended_at,
            ..
        } = expired;
        self.index.evict(*session);
        self.meter.sessions_ended(*reason, 1);
        tracing::info!(event = "session_expired", %session, %reason, ended_at_ms = ended_at.as_millis());
    }

    /// Writes all touches that have not been written yet, for example before a shutdown. Touches
    /// that cannot be written stay pending.
    pub(crate) async fn write_all(&self) -> Result<(), StoreError> {
        self.write_pending(Instant::from_millis(i64::MAX)).await
    }

    /// Follows the ends that the store reports, and starts again whenever that fails.
    pub(crate) async fn follow(&self) -> Infallible {
        let guard = StopIndexOnDrop(&self.index);
        let mut is_reported = false;
        loop {
            let error = self.store.follow(Arc::clone(&self.index) as _).await;
            let was_following = self.index.staleness().is_some();
            guard.0.stop_answering();
            if was_following || !is_reported {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the session store does not report which sessions have ended: it is asked on every \
                     request until it does"
                );
            }
            is_reported = true;
            sleep(FOLLOW_RETRY).await;
        }
    }

    /// How far the index may be behind in hearing of ends: it knows of every end that was longer
    /// ago. `None` if the store does not report ends, so that it is asked on every request.
    pub(crate) fn staleness(&self) -> Option<Duration> {
        self.index.staleness()
    }

    /// Reports what the index has counted to the meter.
    pub(crate) fn measure(&self) {
        let Counters { hits, deferred } = self.index.take_counters();
        self.meter.index_hits(hits);
        self.meter.touches_deferred(deferred);
    }

    /// Writes the touches that are due by `now`. Sessions that turn out not to be live leave the
    /// index.
    async fn write_pending(&self, now: Instant) -> Result<(), StoreError> {
        loop {
            let due = self.index.due(now, WRITE_BATCH);
            if due.is_empty() {
                return Ok(());
            }
            let written = self.store.touch_all(&due).await?;
            self.meter.touches_written(written.len());
            let written: FxHashMap<_, _> = written.into_iter().collect();
            for (key, at) in due {
                match written.get(&key) {
                    Some(stored_at) => self.index.written(key, at, *stored_at),
                    None => self.index.evict(key),
                }
            }
        }
    }

    /// Decides whether the session is live. That its time is over is only reported once the end is
    /// in the store: otherwise a touch that has read the clock earlier, and was delayed, could
    /// revive the session (`A10`).
    async fn resolve(
        &self,
        key: SessionKey,
        lookup: Lookup,
        ticket: Ticket,
        pending: Option<Instant>,
    ) -> Result<Visit, StoreError> {
        let is_over = match &lookup.presence {
            Presence::Found(session) => {
                let policy = session.policy(&self.policy);
                session.lifetime.ended(&policy, lookup.now)
            }
            Presence::Ended(_) | Presence::Unknown => None,
        };
        let lookup = match is_over {
            None => lookup,
            Some(reason) => self.end_by_time(key, reason).await?,
        };
        let visit = self.visit(lookup, pending);
        match &visit {
            Visit::Live(live) => self.index.insert(ticket, live),
            Visit::Ended(_) | Visit::OtherPage | Visit::Anonymous => self.index.evict(key),
        }
        Ok(visit)
    }

    /// Ends a session whose time is over by its own limits, or by the policy of this node if
    /// another node has begun it under a longer one.
    async fn end_by_time(&self, key: SessionKey, reason: EndReason) -> Result<Lookup, StoreError> {
        if let Some(expired) = self.store.expire(key).await? {
            self.report_expired(&expired);
        }
        let lookup = self.store.find(key).await?;
        let is_over = match &lookup.presence {
            Presence::Found(session) => {
                let policy = session.policy(&self.policy);
                session.lifetime.ended(&policy, lookup.now).is_some()
            }
            Presence::Ended(_) | Presence::Unknown => false,
        };
        if !is_over {
            return Ok(lookup);
        }
        self.end(key, reason).await?;
        self.store.find(key).await
    }

    /// Decides whether the session is live, from the answer of the store and from the touch that
    /// had not been written yet when the store was asked.
    fn visit(&self, lookup: Lookup, pending: Option<Instant>) -> Visit {
        let Lookup { now, presence } = lookup;
        let mut session = match presence {
            Presence::Found(session) => session,
            Presence::Ended(tombstone) => return Visit::Ended(tombstone),
            Presence::Unknown => return Visit::Anonymous,
        };
        let policy = session.policy(&self.policy);
        if let Some(reason) = session.lifetime.ended(&policy, now) {
            return Visit::Ended(session.tombstone(reason));
        }
        session.lifetime = session.lifetime.as_of(now);
        let mut live = LiveSession::stored(session, now);
        if let Some(at) = pending
            && let Ok(lifetime) = live.session.lifetime.touched(&policy, at, now)
        {
            live.session.lifetime = lifetime;
        }
        Visit::Live(live)
    }
}

/// Makes the index stop answering when it is dropped, because the store is no longer followed.
struct StopIndexOnDrop<'index>(&'index Index);

impl Drop for StopIndexOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop_answering();
    }
}
