//! The sessions of this node: the store, the policy, what is known without asking the store, and
//! the touches that are yet to be written.

mod index;
mod pending;
mod shard;
mod visit;
mod writer;

use std::{convert::Infallible, sync::Arc, time::Duration};

use dwell_session::{EndReason, Generation, Instant, Policy};
use rustc_hash::FxHashMap;
use tokio::time::sleep;

use self::{
    index::Index,
    shard::{Tally, Ticket},
    writer::{Writer, Written},
};
pub use self::{
    index::STALENESS,
    visit::{Begun, LiveSession, Visit},
};
use crate::{
    account_id::AccountId,
    clock::Clock,
    metrics::Metrics,
    store::{
        Data, ListedSession, NewSession, Origin, Presence, Session, SessionId, SessionKey,
        Sighting, Store, StoreError, Swept,
    },
};

/// How many touches are written at a time.
const WRITTEN_AT_A_TIME: usize = 500;

/// How many sessions are swept, and how many tombstones forgotten, in one transaction. More of them
/// cost less for each session; fewer let others write sooner.
const SWEPT_AT_A_TIME: u32 = 200;

/// How many sessions of one account live at a time: far more than anybody has browsers, and few
/// enough to be shown on one page.
const MOST_OF_ACCOUNT: usize = 100;

/// How many sessions that are later than now are brought back at a time.
const BROUGHT_BACK_AT_A_TIME: u32 = 200;

/// How long until the store is followed again after that has failed.
const FOLLOW_AGAIN: Duration = Duration::from_millis(100);

/// How far [`Sessions::maintain`] or [`Sessions::forget_tombstones`] has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// Everything is done.
    Done,
    /// There may be more to do.
    GoesOn,
}

/// The operations on sessions that the rest of the server uses.
///
/// A touch is written before it is answered where the store's last is the grace old, and otherwise
/// kept back until that is half of the grace old, when it is written together with others. So the
/// last activity that the store knows of is never the grace behind what has been told: what has been
/// told holds though the process is killed, and no node ends the session meanwhile.
#[derive(Debug)]
pub struct Sessions {
    store: Arc<dyn Store>,
    policy: Policy,
    index: Arc<Index>,
    writer: Arc<Writer>,
    metrics: Metrics,
}

impl Sessions {
    /// The sessions in `store`, under `policy`, on a node that goes by `clock` and counts what
    /// happens in `metrics`.
    pub fn new(
        store: Arc<dyn Store>,
        policy: Policy,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Self {
        Self {
            writer: Arc::new(Writer::new(Arc::clone(&store))),
            store,
            policy,
            index: Arc::new(Index::new(policy, clock)),
            metrics,
        }
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the store answers.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    /// The session with this key, if it is known to live without asking the store. One that another
    /// node has ended may be served for [`STALENESS`] at the longest, and what another node knows of
    /// its activity may be missing.
    pub fn known(&self, key: SessionKey) -> Option<LiveSession> {
        self.index.look_up(key)
    }

    /// As [`known`](Self::known), of a session whose user does something now, if the store need not
    /// be told at once.
    pub fn touch_known(&self, key: SessionKey) -> Option<LiveSession> {
        self.index.touch(key)
    }

    /// What the store knows of the session with this key.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn ask(&self, key: SessionKey) -> Result<Visit, StoreError> {
        self.metrics.engine_asked();
        let ticket = self.index.ticket(key);
        let pending = self.index.pending(key);
        let sighting = self.store.find(key).await?;
        self.settle(key, sighting, ticket, pending).await
    }

    /// Moves the last activity of `live` to `at`, bounded by now, if it still lives.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn touch(&self, live: &LiveSession, at: Instant) -> Result<Visit, StoreError> {
        match self.index.keep_back(live, at) {
            Some(Ok(lifetime)) => {
                let session = Session {
                    lifetime,
                    ..live.session
                };
                Ok(Visit::Live(LiveSession { session, ..*live }))
            }
            Some(Err(reason)) => Ok(Visit::Ended(live.session.entombed(reason))),
            None => Box::pin(self.write_touch(live.session.key, at)).await,
        }
    }

    async fn write_touch(&self, key: SessionKey, at: Instant) -> Result<Visit, StoreError> {
        let ticket = self.index.ticket(key);
        let pending = self.index.pending(key);
        let sighting = match self.writer.write(key, at).await? {
            Written::Alone(sighting) => sighting,
            Written::Together => self.store.find(key).await?,
        };
        if let Presence::Found(session) = &sighting.presence {
            let stored_at = session.lifetime.last_active_at();
            self.index.written(key, at, stored_at);
        }
        self.metrics.touches_written(1);
        self.settle(key, sighting, ticket, pending).await
    }

    /// Begins a session for a person who has just proved who they are. `previous`, the session
    /// that the browser came with, ends in the same step if it lives (`D1`). Of more than a hundred
    /// sessions of one person, the one that has been inactive for longest ends (`E1`).
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn begin(
        &self,
        account: AccountId,
        previous: Option<SessionKey>,
        origin: Origin,
    ) -> Result<Begun, StoreError> {
        let id = SessionId::default();
        let session = NewSession {
            key: SessionKey::of(&id),
            account,
            generation: Generation::from_random(rand::random()),
            origin,
            data: Data::from([("account".into(), account.to_string().into())]),
        };
        let (key, generation) = (session.key, session.generation);
        let rotated = match previous {
            Some(previous) => self.store.rotate(previous, session.clone()).await?,
            None => None,
        };
        if let Some(previous) = previous.filter(|_| rotated.is_some()) {
            self.index.evict(previous);
            let reason = EndReason::Replaced;
            self.metrics.ended(reason, 1);
            tracing::info!(event = "session_ended", session = %previous, %reason);
        }
        let lifetime = match rotated {
            Some(lifetime) => lifetime,
            None => {
                let lifetime = self.store.create(session).await?;
                self.make_way(account, key).await?;
                lifetime
            }
        };
        tracing::info!(event = "session_created", session = %key, %account);
        let told = lifetime.remaining(&self.policy, generation, lifetime.authenticated_at());
        Ok(Begun { id, told })
    }

    /// Ends those of `account` that have been inactive for longest, if there are too many beside
    /// the new one: so one person cannot make the store grow without bound. Where there were more
    /// than a bound of them before there was this bound, they go with the next sign-ins.
    async fn make_way(&self, account: AccountId, new: SessionKey) -> Result<(), StoreError> {
        let others = self.others(account, new).await?;
        let too_many = others.iter().skip(MOST_OF_ACCOUNT - 1);
        for other in too_many.take(MOST_OF_ACCOUNT) {
            self.end(other.session.key, EndReason::Replaced).await?;
        }
        Ok(())
    }

    /// Ends a session, if it lives. Tells whether it did.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        let ended = self.store.end(key, reason).await?;
        self.index.evict(key);
        if ended {
            self.metrics.ended(reason, 1);
            tracing::info!(event = "session_ended", session = %key, %reason);
        }
        Ok(ended)
    }

    /// Ends every session of `account` but `keep`.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn end_others(
        &self,
        account: AccountId,
        keep: SessionKey,
    ) -> Result<usize, StoreError> {
        let reason = EndReason::Revoked;
        let ended = self.store.end_others(account, keep, reason).await?;
        for key in &ended {
            self.index.evict(*key);
        }
        let count = ended.len();
        self.metrics.ended(reason, count);
        tracing::info!(event = "sessions_ended", %account, count, %reason);
        Ok(count)
    }

    /// The live sessions of `account` but `keep`.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn others(
        &self,
        account: AccountId,
        keep: SessionKey,
    ) -> Result<Vec<ListedSession>, StoreError> {
        let mut sessions = self.store.list(account).await?;
        sessions.retain(|listed| listed.session.key != keep);
        Ok(sessions)
    }

    /// How many sessions are live, on whatever node they began.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn count(&self) -> Result<u64, StoreError> {
        self.store.count().await
    }

    /// Whose session, live or ended, has this generation.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn owner(&self, generation: Generation) -> Result<Option<AccountId>, StoreError> {
        self.store.owner(generation).await
    }

    /// Writes the touches that are due, and ends some of what time has ended.
    ///
    /// # Errors
    ///
    /// The store failed. What was not written stays pending.
    pub async fn maintain(&self) -> Result<Maintenance, StoreError> {
        let now = match self.index.now() {
            Some(now) => now,
            None => self.store.now().await?,
        };
        self.write_pending(now).await?;
        let sweep = self.store.sweep(SWEPT_AT_A_TIME).await?;
        for swept in sweep.ended {
            self.expired(swept);
        }
        Ok(match sweep.is_more {
            true => Maintenance::GoesOn,
            false => Maintenance::Done,
        })
    }

    /// Forgets some of the tombstones that are old enough.
    ///
    /// # Errors
    ///
    /// The store failed. What was not forgotten stays.
    pub async fn forget_tombstones(&self) -> Result<Maintenance, StoreError> {
        let forgotten = self.store.forget(SWEPT_AT_A_TIME).await?;
        Ok(match forgotten < u64::from(SWEPT_AT_A_TIME) {
            true => Maintenance::Done,
            false => Maintenance::GoesOn,
        })
    }

    /// Sees to it that the store's time does not come back, and that nothing stays later than that.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn keep_time(&self) -> Result<Maintenance, StoreError> {
        let brought_back = self.store.keep_time(BROUGHT_BACK_AT_A_TIME).await?;
        if brought_back > 0 {
            tracing::warn!(
                event = "instants_after_now",
                sessions = brought_back,
                "sessions were later than now: they count from now on"
            );
        }
        Ok(match brought_back < u64::from(BROUGHT_BACK_AT_A_TIME) {
            true => Maintenance::Done,
            false => Maintenance::GoesOn,
        })
    }

    fn expired(&self, swept: Swept) {
        let (session, reason, ended_at) = (swept.key, swept.reason, swept.ended_at);
        self.index.evict(session);
        self.metrics.ended(reason, 1);
        tracing::info!(event = "session_expired", %session, %reason, ended_at_ms = ended_at.as_millis());
    }

    /// Writes every touch that is yet to be written, as before a shutdown.
    ///
    /// # Errors
    ///
    /// The store failed. What was not written stays pending.
    pub async fn write_all(&self) -> Result<(), StoreError> {
        self.write_pending(Instant::from_millis(i64::MAX)).await
    }

    /// How often [`maintain`](Self::maintain) is to be called.
    pub fn maintenance_interval(&self) -> Duration {
        let longest = Duration::from_secs(1);
        (self.policy.write_after() / 2).clamp(Duration::from_millis(20), longest)
    }

    /// Follows the store, so that a request need not ask it, and does so again whenever that fails.
    pub async fn follow(&self) -> Infallible {
        let following = Following(&self.index);
        let mut is_told = false;
        loop {
            let error = self.store.follow(Arc::clone(&self.index) as _).await;
            let was_heard = self.index.staleness().is_some();
            following.0.lose();
            if was_heard || !is_told {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "nothing is heard from the session store: it is asked at every request"
                );
            }
            is_told = true;
            sleep(FOLLOW_AGAIN).await;
        }
    }

    /// How long ago the latest end may be that this node has not been told. Nothing where it is
    /// told none, and asks the store at every request.
    pub fn staleness(&self) -> Option<Duration> {
        self.index.staleness()
    }

    /// Adds what the index has counted to the metrics.
    pub fn tally(&self) {
        let Tally { known, kept_back } = self.index.take_tally();
        self.metrics.index_answered(known);
        self.metrics.touches_coalesced(kept_back);
    }

    /// Writes what is due by `now`. What turns out not to live leaves the index.
    async fn write_pending(&self, now: Instant) -> Result<(), StoreError> {
        loop {
            let due = self.index.due(now, WRITTEN_AT_A_TIME);
            if due.is_empty() {
                return Ok(());
            }
            let written = self.store.touch_all(&due).await?;
            self.metrics.touches_written(written.len());
            let written: FxHashMap<_, _> = written.into_iter().collect();
            for (key, at) in due {
                match written.get(&key) {
                    Some(stored_at) => self.index.written(key, at, *stored_at),
                    None => self.index.evict(key),
                }
            }
        }
    }

    /// Whether the session lives, in one answer for everybody: that time has ended it is told only
    /// once the store has written it down, or else a touch that read the clock in time and was
    /// held up on its way would revive it (`A10`).
    async fn settle(
        &self,
        key: SessionKey,
        sighting: Sighting,
        ticket: Ticket,
        pending: Option<Instant>,
    ) -> Result<Visit, StoreError> {
        let is_over = match &sighting.presence {
            Presence::Found(session) => session.lifetime.ended(&self.policy, sighting.now),
            Presence::Ended(_) | Presence::Unknown => None,
        };
        let sighting = match is_over {
            None => sighting,
            Some(_) => {
                if let Some(swept) = self.store.expire(key).await? {
                    self.expired(swept);
                }
                self.store.find(key).await?
            }
        };
        let visit = self.judge(sighting, pending);
        match &visit {
            Visit::Live(live) => self.index.learn(ticket, live),
            Visit::Ended(_) | Visit::Anonymous => self.index.evict(key),
        }
        Ok(visit)
    }

    /// Whether the session lives, from what the store says and what was yet to be written when it
    /// was asked.
    fn judge(&self, sighting: Sighting, pending: Option<Instant>) -> Visit {
        let Sighting { now, presence } = sighting;
        let mut session = match presence {
            Presence::Found(session) => session,
            Presence::Ended(tombstone) => return Visit::Ended(tombstone),
            Presence::Unknown => return Visit::Anonymous,
        };
        if let Some(reason) = session.lifetime.ended(&self.policy, now) {
            return Visit::Ended(session.entombed(reason));
        }
        session.lifetime = session.lifetime.as_of(now);
        let stored_last_active_at = session.lifetime.last_active_at();
        if let Some(at) = pending
            && let Ok(lifetime) = session.lifetime.touched(&self.policy, at, now)
        {
            session.lifetime = lifetime;
        }
        Visit::Live(LiveSession {
            session,
            now,
            stored_last_active_at,
        })
    }
}

/// While it is kept, ends are told.
struct Following<'index>(&'index Index);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.0.lose();
    }
}
