//! The sessions of this node: the store, the policy, and the touches that are yet to be written.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dwell_session::{ActiveStatus, EndReason, Generation, Instant, Policy};

use crate::{
    account_id::AccountId,
    store::{
        Data, NewSession, Origin, Presence, Session, SessionId, SessionKey, Sighting, Store,
        StoreError, Tombstone,
    },
};

/// What is known of the session that a request comes with.
#[derive(Debug, Clone)]
pub enum Visit {
    /// It lives.
    Live(LiveSession),
    /// It has ended.
    Ended(Tombstone),
    /// There is none.
    Anonymous,
}

/// A session that is live at an instant.
#[derive(Debug, Clone)]
pub struct LiveSession {
    /// The session, with touches that are yet to be written.
    pub session: Session,
    /// The instant, on the store's clock.
    pub now: Instant,
    /// The last activity that the store knows of.
    stored_last_active_at: Instant,
}

/// A session that has just begun.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// Its id, for the cookie.
    pub id: SessionId,
    /// What the browser is told.
    pub told: ActiveStatus,
}

/// A touch that is yet to be written.
#[derive(Debug, Clone, Copy)]
struct PendingTouch {
    at: Instant,
    due_at: Instant,
}

/// The operations on sessions that the rest of the server uses.
///
/// A touch is written at once if the store's last is a touch interval old, and otherwise kept here
/// until it is. The store's deadline is then still most of the idle timeout away, so no node can
/// end the session meanwhile, and the last touch is never dropped.
#[derive(Debug)]
pub struct Sessions {
    store: Arc<dyn Store>,
    policy: Policy,
    pending: Mutex<HashMap<SessionKey, PendingTouch>>,
}

impl Sessions {
    /// The sessions in `store`, under `policy`.
    pub fn new(store: Arc<dyn Store>, policy: Policy) -> Self {
        Self {
            store,
            policy,
            pending: Mutex::default(),
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

    /// What is known of the session with this key now.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn visit(&self, key: SessionKey) -> Result<Visit, StoreError> {
        let pending = self.pending_touch(key);
        let sighting = self.store.find(key).await?;
        self.settle(key, sighting, pending).await
    }

    /// Moves the last activity of `live` to `at`, bounded by now, if it still lives.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn touch(&self, live: &LiveSession, at: Instant) -> Result<Visit, StoreError> {
        let key = live.session.key;
        let unwritten_for = live.now.since(live.stored_last_active_at);
        if unwritten_for >= self.policy.touch_interval() {
            let pending = self.pending_touch(key);
            let sighting = self.store.touch(key, at).await?;
            self.forget_pending(key, at);
            return self.settle(key, sighting, pending).await;
        }
        match live.session.lifetime.touched(&self.policy, at, live.now) {
            Err(reason) => Ok(Visit::Ended(live.session.entombed(reason))),
            Ok(lifetime) => {
                let at = lifetime.last_active_at();
                let due_at = live.stored_last_active_at + self.policy.touch_interval();
                if at > live.stored_last_active_at {
                    let mut pending = self.pending();
                    let touch = pending.entry(key).or_insert(PendingTouch { at, due_at });
                    touch.at = touch.at.max(at);
                }
                let mut live = live.clone();
                live.session.lifetime = lifetime;
                Ok(Visit::Live(live))
            }
        }
    }

    /// Begins a session for a person who has just proved who they are. `previous`, the session
    /// that the browser came with, ends in the same step if it lives (`D1`).
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
            self.pending().remove(&previous);
            let reason = EndReason::Replaced;
            tracing::info!(event = "session_ended", session = %previous, %reason);
        }
        let lifetime = match rotated {
            Some(lifetime) => lifetime,
            None => self.store.create(session).await?,
        };
        tracing::info!(event = "session_created", session = %key, %account);
        let told = lifetime.remaining(&self.policy, generation, lifetime.authenticated_at());
        Ok(Begun { id, told })
    }

    /// Ends a session, if it lives. Tells whether it did.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        let ended = self.store.end(key, reason).await?;
        self.pending().remove(&key);
        if ended {
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
    ) -> Result<u64, StoreError> {
        let reason = EndReason::Revoked;
        let count = self.store.end_others(account, keep, reason).await?;
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
    ) -> Result<Vec<Session>, StoreError> {
        let mut sessions = self.store.list(account).await?;
        sessions.retain(|session| session.key != keep);
        Ok(sessions)
    }

    /// Whose session, live or ended, has this generation.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn owner(&self, generation: Generation) -> Result<Option<AccountId>, StoreError> {
        self.store.owner(generation).await
    }

    /// Writes the touches that are due, and ends what time has ended.
    ///
    /// # Errors
    ///
    /// The store failed. What was not written stays pending.
    pub async fn maintain(&self) -> Result<(), StoreError> {
        let now = self.store.now().await?;
        self.write_pending(|touch| touch.due_at <= now).await?;
        self.sweep().await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        for swept in self.store.sweep().await? {
            let (session, reason, ended_at) = (swept.key, swept.reason, swept.ended_at);
            tracing::info!(event = "session_expired", %session, %reason, ended_at_ms = ended_at.as_millis());
        }
        Ok(())
    }

    /// Writes every touch that is yet to be written, as before a shutdown.
    ///
    /// # Errors
    ///
    /// The store failed. What was not written stays pending.
    pub async fn write_all(&self) -> Result<(), StoreError> {
        self.write_pending(|_| true).await
    }

    /// How often [`maintain`](Self::maintain) is to be called.
    pub fn maintenance_interval(&self) -> Duration {
        let longest = Duration::from_secs(1);
        (self.policy.touch_interval() / 2).clamp(Duration::from_millis(20), longest)
    }

    async fn write_pending(
        &self,
        is_due: impl Fn(&PendingTouch) -> bool,
    ) -> Result<(), StoreError> {
        let due: Vec<_> = self
            .pending()
            .iter()
            .filter(|(_, touch)| is_due(touch))
            .map(|(key, touch)| (*key, touch.at))
            .collect();
        for (key, at) in due {
            self.store.touch(key, at).await?;
            self.forget_pending(key, at);
        }
        Ok(())
    }

    /// Whether the session lives, in one answer for everybody: that time has ended it is told only
    /// once the store has written it down, or else a touch that read the clock in time and was
    /// held up on its way would revive it (`A10`).
    async fn settle(
        &self,
        key: SessionKey,
        sighting: Sighting,
        pending: Option<PendingTouch>,
    ) -> Result<Visit, StoreError> {
        let is_over = match &sighting.presence {
            Presence::Found(session) => session.lifetime.ended(&self.policy, sighting.now),
            Presence::Ended(_) | Presence::Unknown => None,
        };
        if is_over.is_none() {
            return Ok(self.judge(sighting, pending));
        }
        self.sweep().await?;
        let settled = self.store.find(key).await?;
        Ok(self.judge(settled, pending))
    }

    /// Whether the session lives, from what the store says and what was yet to be written when it
    /// was asked.
    fn judge(&self, sighting: Sighting, pending: Option<PendingTouch>) -> Visit {
        let Sighting { now, presence } = sighting;
        let mut session = match presence {
            Presence::Found(session) => session,
            Presence::Ended(tombstone) => return Visit::Ended(tombstone),
            Presence::Unknown => return Visit::Anonymous,
        };
        if let Some(reason) = session.lifetime.ended(&self.policy, now) {
            return Visit::Ended(session.entombed(reason));
        }
        let stored_last_active_at = session.lifetime.last_active_at();
        if let Some(touch) = pending
            && let Ok(lifetime) = session.lifetime.touched(&self.policy, touch.at, now)
        {
            session.lifetime = lifetime;
        }
        Visit::Live(LiveSession {
            session,
            now,
            stored_last_active_at,
        })
    }

    /// To be read before the store is asked: a touch that is written and forgotten meanwhile is in
    /// the store's answer.
    fn pending_touch(&self, key: SessionKey) -> Option<PendingTouch> {
        self.pending().get(&key).copied()
    }

    fn forget_pending(&self, key: SessionKey, written: Instant) {
        let mut pending = self.pending();
        if pending.get(&key).is_some_and(|touch| touch.at <= written) {
            pending.remove(&key);
        }
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<SessionKey, PendingTouch>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveSession {
    /// What the browser is told.
    pub fn told(&self, policy: &Policy) -> ActiveStatus {
        let Session {
            lifetime,
            generation,
            ..
        } = &self.session;
        lifetime.remaining(policy, *generation, self.now)
    }
}
