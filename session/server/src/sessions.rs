//! The sessions of this node: the store, the policy, what is known without asking the store, and
//! the touches that are yet to be written.

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

pub(crate) use self::begin::{Beginning, Begun};
use self::{
    index::Index,
    shard::{Tally, Ticket},
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

/// How many touches are written at a time.
const WRITTEN_AT_A_TIME: usize = 500;

/// How many sessions are swept, and how many tombstones deleted, in one transaction. More of them
/// cost less for each session; fewer let others write sooner.
const SWEPT_AT_A_TIME: u32 = 200;

/// How many sessions with instants that are later than now are corrected at a time.
const CORRECTED_AT_A_TIME: u32 = 200;

/// How many sessions have their limits shortened at a time.
const TIGHTENED_AT_A_TIME: u32 = 200;

/// How long until the store is followed again after that has failed.
const FOLLOW_AGAIN: Duration = Duration::from_millis(100);

/// The operations on sessions.
///
/// A touch is written before it is answered where the store's last activity is as old as the grace;
/// otherwise it is deferred until that is half as old, and then written together with others. So the
/// last activity in the store is never the grace behind what has been told: what has been told holds
/// even if the process is killed, and no other node ends the session meanwhile.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: Arc<dyn Store>,
    policy: Policy,
    index: Arc<Index>,
    writer: Arc<Writer>,
    meter: Arc<dyn Meter>,
}

impl Sessions {
    /// The sessions in `store`, under `policy`, on a node that goes by `clock`.
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

    /// The session with this key, if it is known to live without asking the store. One that another
    /// node has ended may be served for [`STALENESS`] at the longest, and activity that another node
    /// knows of may be missing.
    pub(crate) fn known(&self, key: SessionKey) -> Option<LiveSession> {
        self.index.look_up(key)
    }

    /// As [`known`](Self::known), of a session whose user does something now, if that need not be
    /// written at once.
    pub(crate) fn touch_known(&self, key: SessionKey) -> Option<LiveSession> {
        self.index.touch(key)
    }

    /// What the store knows of the session with this key.
    pub(crate) async fn ask(&self, key: SessionKey) -> Result<Visit, StoreError> {
        self.meter.index_missed();
        let ticket = self.index.ticket(key);
        let pending = self.index.pending(key);
        let lookup = self.store.find(key).await?;
        self.settle(key, lookup, ticket, pending).await
    }

    /// Moves the last activity of `live` to `at`, bounded by now, if it still lives.
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
            Written::Alone(lookup) => lookup,
            Written::Together => self.store.find(key).await?,
        };
        if let Presence::Found(session) = &lookup.presence {
            let stored_at = session.lifetime.last_active_at();
            self.index.written(key, at, stored_at);
        }
        self.meter.touches_written(1);
        self.settle(key, lookup, ticket, pending).await
    }

    /// Ends a session, if it lives. Returns whether it did.
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

    /// Ends every session of `person` but `keep`. Returns how many there were.
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

    /// The live sessions of `person` but `keep`, the latest active first.
    pub(crate) async fn others(
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
        let sweep = self.store.sweep(SWEPT_AT_A_TIME).await?;
        for expired in sweep.ended {
            self.expired(&expired);
        }
        Ok(match sweep.is_more {
            true => Maintenance::MoreToDo,
            false => Maintenance::Done,
        })
    }

    /// Deletes some of the tombstones that are old enough.
    pub(crate) async fn forget_tombstones(&self) -> Result<Maintenance, StoreError> {
        let forgotten = self.store.forget(SWEPT_AT_A_TIME).await?;
        Ok(Maintenance::after(forgotten, SWEPT_AT_A_TIME))
    }

    /// Sees to it that the store's time does not go back, and that nothing stays later than it.
    pub(crate) async fn keep_time(&self) -> Result<Maintenance, StoreError> {
        let corrected = self.store.keep_time(CORRECTED_AT_A_TIME).await?;
        if corrected > 0 {
            tracing::warn!(
                event = "instants_after_now",
                sessions = corrected,
                "sessions had instants later than now, which were set to now"
            );
        }
        Ok(Maintenance::after(corrected, CORRECTED_AT_A_TIME))
    }

    /// Shortens the limits of sessions that began under a policy with longer ones.
    pub(crate) async fn tighten(&self) -> Result<(), StoreError> {
        let limits = SessionLimits::from(&self.policy);
        let mut shortened = 0;
        loop {
            let count = self.store.tighten(limits, TIGHTENED_AT_A_TIME).await?;
            shortened += count;
            if Maintenance::after(count, TIGHTENED_AT_A_TIME) == Maintenance::Done {
                break;
            }
        }
        if shortened > 0 {
            tracing::info!(
                event = "sessions_tightened",
                sessions = shortened,
                "sessions from before had longer limits than the policy, which holds for them now"
            );
        }
        Ok(())
    }

    fn expired(&self, expired: &Expired) {
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

    /// Writes every touch that is yet to be written, as before a shutdown. What cannot be written
    /// stays pending.
    pub(crate) async fn write_all(&self) -> Result<(), StoreError> {
        self.write_pending(Instant::from_millis(i64::MAX)).await
    }

    /// Follows the store, so that a request need not ask it, and does so again whenever that fails.
    pub(crate) async fn follow(&self) -> Infallible {
        let following = Following(&self.index);
        let mut is_reported = false;
        loop {
            let error = self.store.follow(Arc::clone(&self.index) as _).await;
            let was_following = self.index.staleness().is_some();
            following.0.lose();
            if was_following || !is_reported {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the session store does not report ends: it is asked at every request"
                );
            }
            is_reported = true;
            sleep(FOLLOW_AGAIN).await;
        }
    }

    /// How long ago the latest end may be that this node does not know of. Nothing where the store
    /// reports no ends and is asked at every request.
    pub(crate) fn staleness(&self) -> Option<Duration> {
        self.index.staleness()
    }

    /// Hands what the index has counted to the meter.
    pub(crate) fn measure(&self) {
        let Tally { hits, deferred } = self.index.take_tally();
        self.meter.index_hits(hits);
        self.meter.touches_deferred(deferred);
    }

    /// Writes what is due by `now`. What turns out not to live leaves the index.
    async fn write_pending(&self, now: Instant) -> Result<(), StoreError> {
        loop {
            let due = self.index.due(now, WRITTEN_AT_A_TIME);
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

    /// Whether the session lives, in one answer for everybody: that its time is over is said only
    /// once the store has written it down. Otherwise a touch that read the clock in time and was
    /// held up on its way would revive it (`A10`).
    async fn settle(
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
        let visit = self.judge(lookup, pending);
        match &visit {
            Visit::Live(live) => self.index.learn(ticket, live),
            Visit::Ended(_) | Visit::OtherPage | Visit::Anonymous => self.index.evict(key),
        }
        Ok(visit)
    }

    /// Ends a session whose time is over by its own limits, or by this node's policy where another
    /// node has begun it under a longer one.
    async fn end_by_time(&self, key: SessionKey, reason: EndReason) -> Result<Lookup, StoreError> {
        if let Some(expired) = self.store.expire(key).await? {
            self.expired(&expired);
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

    /// Whether the session lives, from what the store says and from the touch that was yet to be
    /// written when it was asked.
    fn judge(&self, lookup: Lookup, pending: Option<Instant>) -> Visit {
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

/// The index answers while this exists, as far as the store reports ends to it.
struct Following<'index>(&'index Index);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.0.lose();
    }
}
