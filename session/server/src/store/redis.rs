//! Sessions in Redis or Valkey.

mod advice;
mod connect;
mod feed;
mod rows;
mod scripts;
mod url;
mod watch;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime};
use fred::{
    interfaces::ClientLike as _,
    types::{FromValue, Value, scripts::Script},
};
use futures::future::try_join_all;
use tokio::{sync::Mutex, task::JoinSet};

pub use self::{
    advice::Advice,
    connect::{RedisError, RedisStoreBuilder},
    url::{InvalidRedisUrl, RedisUrl},
};
use self::{
    connect::Server,
    rows::{
        ExpiredRow, ListedRow, LookupRow, begun, expired, json, key, listed, lookup, millis, name,
        new_session, person,
    },
};
use super::{
    Data, Expired, ListedSession, Listener, Lookup, NewSession, SessionKey, SessionLimits, Store,
    StoreError, Sweep, TOMBSTONE_RETENTION, feed::warn_of_set_back,
};
use crate::{Connections, PersonId, clock::Clock};

/// How many sessions one script is asked about. The server serves nobody else while a script runs.
const BATCH: usize = 100;

/// How many sessions one script examines when it changes few of them.
const TIGHTEN_SCAN: i64 = 200;

/// A [`Store`] on a Redis or Valkey server, version 7 or later, which several nodes can share. The
/// clock of the server decides when sessions end.
///
/// Every operation is one script, so it is atomic. How well sessions survive a failure depends on
/// the settings of the server: see [`advice`](Self::advice). Clones share their connections.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use dwell::store::RedisStore;
///
/// let url = "redis://sessions.internal:6379/0".parse()?;
/// let store = RedisStore::builder(&url).prefix("invoices").connect().await?;
/// for advice in store.advice().await {
///     eprintln!("{advice}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore(Arc<Shared>);

struct Shared {
    server: Server,
    /// Watches the connections until the last clone is dropped.
    _watch: JoinSet<()>,
    /// The progress of [`Store::tighten`].
    tighten_pass: Mutex<TightenPass>,
}

/// The position of a pass over all sessions that shortens their limits to `limits`.
struct TightenPass {
    limits: Option<SessionLimits>,
    /// The last activity of the last session that the pass has examined.
    at: String,
    /// The key of that session.
    last: String,
}

impl TightenPass {
    fn over_all(limits: Option<SessionLimits>) -> Self {
        Self {
            limits,
            at: "-inf".to_owned(),
            last: String::new(),
        }
    }
}

impl RedisStore {
    /// Connects to the server at `url`. The keys of the store begin with `{dwell}:`.
    ///
    /// # Errors
    ///
    /// The server cannot be used, or its sessions were written by another version of Dwell: see
    /// [`RedisError`].
    pub async fn connect(url: &RedisUrl, connections: Connections) -> Result<Self, RedisError> {
        Self::builder(url).connections(connections).connect().await
    }

    /// Returns a builder for a store on the server at `url`, with which other settings can be
    /// changed.
    pub fn builder(url: &RedisUrl) -> RedisStoreBuilder {
        RedisStoreBuilder::new(url)
    }

    /// Migrates the sessions that an older version of Dwell has stored on the server at `url`,
    /// under keys that begin with `{dwell}:`. Returns the number of migrated sessions. See
    /// [`RedisStoreBuilder::migrate`].
    ///
    /// # Errors
    ///
    /// The server cannot be used, or its sessions were written by a newer version of Dwell: see
    /// [`RedisError`].
    pub async fn migrate(url: &RedisUrl, connections: Connections) -> Result<u64, RedisError> {
        Self::builder(url).connections(connections).migrate().await
    }

    /// Returns the settings of the server that its operator should change, so that sessions that
    /// have ended do not come back and no session is lost.
    pub async fn advice(&self) -> Vec<Advice> {
        advice::advice(&self.0.server.pool).await
    }

    async fn run<Answer: FromValue>(
        &self,
        script: &Script,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Result<Answer, StoreError> {
        let answer = self.0.server.run(script, arguments).await;
        answer.map_err(StoreError::new)
    }

    fn scripts(&self) -> &scripts::Scripts {
        &self.0.server.scripts
    }
}

#[async_trait]
impl Store for RedisStore {
    fn clock(&self) -> Option<Arc<dyn Clock>> {
        None
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let answer = self.0.server.pool.ping::<()>(None).await;
        answer.map_err(StoreError::new)
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        let now = self.run(&self.scripts().now, []).await?;
        Ok(Instant::from_millis(now))
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        let arguments = new_session(&session)?;
        let now = self.run(&self.scripts().create, arguments).await?;
        Ok(begun(&session, now))
    }

    async fn find(&self, key: SessionKey) -> Result<Lookup, StoreError> {
        let answer: LookupRow = self.run(&self.scripts().find, [name(key)]).await?;
        lookup(answer)
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Lookup, StoreError> {
        let arguments = [name(key), at.as_millis().into()];
        let answer: LookupRow = self.run(&self.scripts().touch, arguments).await?;
        lookup(answer)
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        let batches = touches.chunks(BATCH).map(|batch| {
            let touches = batch.iter();
            let arguments = touches.flat_map(|(key, at)| [name(*key), at.as_millis().into()]);
            self.run(&self.scripts().touch_all, arguments)
        });
        let touched: Vec<Vec<(String, i64)>> = try_join_all(batches).await?;
        let touched = touched.into_iter().flatten();
        touched
            .map(|(name, at)| Ok((key(&name)?, Instant::from_millis(at))))
            .collect()
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        let batches = keys.chunks(BATCH).map(|batch| {
            let names = batch.iter().map(|key| name(*key));
            self.run(&self.scripts().live_among, names)
        });
        let live: Vec<Vec<String>> = try_join_all(batches).await?;
        live.iter().flatten().map(|name| key(name)).collect()
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        let arguments = [name(old), EndReason::Replaced.name().into()]
            .into_iter()
            .chain(new_session(&session)?);
        let now: Option<i64> = self.run(&self.scripts().rotate, arguments).await?;
        Ok(now.map(|now| begun(&session, now)))
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        let arguments = [name(key), reason.name().into()];
        let count: u64 = self.run(&self.scripts().end, arguments).await?;
        Ok(count > 0)
    }

    async fn end_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        let arguments = [person.as_str().into(), name(keep), reason.name().into()];
        let ended: Vec<String> = self.run(&self.scripts().end_others, arguments).await?;
        ended.iter().map(|name| key(name)).collect()
    }

    async fn list(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        let arguments = [person.as_str().into()];
        let rows: Vec<ListedRow> = self.run(&self.scripts().list, arguments).await?;
        rows.into_iter().map(listed).collect()
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.run(&self.scripts().count, []).await
    }

    async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        let arguments = [generation.to_string().into()];
        let owner: Option<String> = self.run(&self.scripts().owner, arguments).await?;
        owner.map(person).transpose()
    }

    async fn expire(&self, key: SessionKey) -> Result<Option<Expired>, StoreError> {
        let [idle, absolute] = timeout_reasons();
        let arguments = [idle, absolute, name(key)];
        let row: Option<ExpiredRow> = self.run(&self.scripts().expire, arguments).await?;
        row.map(expired).transpose()
    }

    async fn sweep(&self, limit: u32) -> Result<Sweep, StoreError> {
        let [idle, absolute] = timeout_reasons();
        let arguments = [idle, absolute, i64::from(limit).into()];
        let (more, rows): (u64, Vec<ExpiredRow>) =
            self.run(&self.scripts().sweep, arguments).await?;
        let ended: Result<Vec<_>, _> = rows.into_iter().map(expired).collect();
        Ok(Sweep {
            ended: ended?,
            is_more: more > 0,
        })
    }

    /// Continues a pass over all sessions. If a call is given up or fails, the next call for the
    /// same limits, on this store or a clone of it, continues from there.
    async fn tighten(&self, limits: SessionLimits, limit: u32) -> Result<u64, StoreError> {
        let mut pass = self.0.tighten_pass.lock().await;
        if pass.limits != Some(limits) {
            *pass = TightenPass::over_all(Some(limits));
        }
        let mut left = i64::from(limit);
        while left > 0 {
            let arguments = [
                millis(limits.idle).into(),
                millis(limits.absolute).into(),
                TIGHTEN_SCAN.into(),
                left.into(),
                pass.at.as_str().into(),
                pass.last.as_str().into(),
            ];
            let (count, more, at, last): (i64, u64, String, String) =
                self.run(&self.scripts().tighten, arguments).await?;
            (pass.at, pass.last) = (at, last);
            left -= count;
            if more == 0 {
                *pass = TightenPass::over_all(None);
                break;
            }
        }
        Ok((i64::from(limit) - left).unsigned_abs())
    }

    async fn forget(&self, limit: u32) -> Result<u64, StoreError> {
        let arguments = [millis(TOMBSTONE_RETENTION).into(), i64::from(limit).into()];
        self.run(&self.scripts().forget, arguments).await
    }

    async fn keep_time(&self, limit: u32) -> Result<u64, StoreError> {
        let arguments = [i64::from(limit).into()];
        let (count, set_back) = self.run(&self.scripts().keep_time, arguments).await?;
        warn_of_set_back(Duration::from_millis(set_back));
        Ok(count)
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        let answer: Option<(String, i64)> = self.run(&self.scripts().data, [name(key)]).await?;
        let Some((data, deadline)) = answer else {
            return Ok(None);
        };
        let data = serde_json::from_str(&data).map_err(StoreError::new)?;
        Ok(Some((data, Instant::from_millis(deadline))))
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        let arguments = [name(key), json(data)?.into()];
        let count: u64 = self.run(&self.scripts().set_data, arguments).await?;
        Ok(count > 0)
    }

    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        self.follow_ends(listener.as_ref()).await
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server { url, prefix, .. } = &self.0.server;
        write!(f, "RedisStore({url} {prefix})")
    }
}

/// The names of the end reasons for the two timeouts.
fn timeout_reasons() -> [Value; 2] {
    [EndReason::IdleTimeout, EndReason::AbsoluteTimeout].map(|reason| reason.name().into())
}
