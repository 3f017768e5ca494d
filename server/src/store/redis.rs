//! Sessions in Redis or Valkey.

mod connect;
mod feed;
mod scripts;
mod watch;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime, Policy};
use fred::{
    clients::Pool,
    interfaces::ClientLike as _,
    types::{FromValue, Value, scripts::Script},
};
use futures::future::try_join_all;
use tokio::task::JoinSet;

pub use self::connect::{Advice, InvalidRedisUrl, RedisError, RedisUrl};
use self::{
    scripts::{SERVER_TIME, Scripts},
    watch::watch,
};
use super::{
    Data, ListedSession, Listener, NewSession, Origin, Presence, Session, SessionKey, Sighting,
    Store, StoreError, Sweep, Swept, TOMBSTONE_RETENTION, Tombstone, json, millis,
};
use crate::{account_id::AccountId, connections::Connections};

/// Every key begins with it, so it leads to where all of them are.
const SLOT: &str = "{dwell}";

/// How many sessions one script is for: nobody else is served meanwhile.
const AT_A_TIME: usize = 100;

/// A [`Store`] on a Redis or Valkey server, whose clock is the server's.
#[derive(Clone)]
pub struct RedisStore {
    url: RedisUrl,
    pool: Pool,
    scripts: Arc<Scripts>,
    /// Ends with the last clone.
    _watch: Arc<JoinSet<()>>,
    idle_ms: i64,
    absolute_ms: i64,
}

impl RedisStore {
    /// The store on the server at `url`, under `policy`.
    ///
    /// # Errors
    ///
    /// The server cannot be used.
    pub async fn connect(
        url: &RedisUrl,
        connections: Connections,
        policy: &Policy,
    ) -> Result<Self, RedisError> {
        Self::telling(SERVER_TIME, url, connections, policy).await
    }

    /// As [`connect`](Self::connect), but the time is what the Lua function `time`, which `time`
    /// defines, returns: milliseconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// The server cannot be used.
    pub async fn telling(
        time: &str,
        url: &RedisUrl,
        connections: Connections,
        policy: &Policy,
    ) -> Result<Self, RedisError> {
        let pool = connect::connect(url, connections).await?;
        Ok(Self {
            url: url.clone(),
            _watch: Arc::new(watch(&pool, connections.timeout)),
            pool,
            scripts: Arc::new(Scripts::telling(time)),
            idle_ms: millis(policy.idle()),
            absolute_ms: millis(policy.absolute()),
        })
    }

    /// What the operator of the server should change.
    pub async fn advice(&self) -> Vec<Advice> {
        connect::advice(&self.pool).await
    }

    async fn run<Answer: FromValue>(
        &self,
        script: &Script,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Result<Answer, StoreError> {
        let arguments: Vec<Value> = [self.idle_ms.into(), self.absolute_ms.into()]
            .into_iter()
            .chain(arguments)
            .collect();
        let answer = script
            .evalsha_with_reload(self.pool.next(), SLOT, arguments)
            .await;
        answer.map_err(StoreError::new)
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.pool.ping::<()>(None).await.map_err(StoreError::new)
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        let now = self.run(&self.scripts.now, []).await?;
        Ok(Instant::from_millis(now))
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        let now = self.run(&self.scripts.create, fields(&session)?).await?;
        Ok(Lifetime::begin(Instant::from_millis(now)))
    }

    async fn find(&self, key: SessionKey) -> Result<Sighting, StoreError> {
        let answer: TimedRow = self.run(&self.scripts.find, [name(key)]).await?;
        sighting(answer)
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Sighting, StoreError> {
        let arguments = [name(key), at.as_millis().into()];
        let answer: TimedRow = self.run(&self.scripts.touch, arguments).await?;
        sighting(answer)
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        let batches = touches.chunks(AT_A_TIME).map(|batch| {
            let touches = batch.iter();
            let arguments = touches.flat_map(|(key, at)| [name(*key), at.as_millis().into()]);
            self.run(&self.scripts.touch_all, arguments)
        });
        let touched: Vec<Vec<(String, i64)>> = try_join_all(batches).await?;
        let touched = touched.into_iter().flatten();
        touched
            .map(|(name, at)| Ok((key(&name)?, Instant::from_millis(at))))
            .collect()
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        let batches = keys.chunks(AT_A_TIME).map(|batch| {
            let names = batch.iter().map(|key| name(*key));
            self.run(&self.scripts.live_among, names)
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
            .chain(fields(&session)?);
        let now: Option<i64> = self.run(&self.scripts.rotate, arguments).await?;
        Ok(now.map(|now| Lifetime::begin(Instant::from_millis(now))))
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        let arguments = [name(key), reason.name().into()];
        let count: u64 = self.run(&self.scripts.end, arguments).await?;
        Ok(count > 0)
    }

    async fn end_others(
        &self,
        account: AccountId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        let arguments = [account.to_string().into(), name(keep), reason.name().into()];
        let ended: Vec<String> = self.run(&self.scripts.end_others, arguments).await?;
        ended.iter().map(|name| key(name)).collect()
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ListedSession>, StoreError> {
        let arguments = [account.to_string().into()];
        let rows: Vec<Row> = self.run(&self.scripts.list, arguments).await?;
        rows.into_iter().map(listed_session).collect()
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.run(&self.scripts.count, []).await
    }

    async fn owner(&self, generation: Generation) -> Result<Option<AccountId>, StoreError> {
        let arguments = [generation.to_string().into()];
        let owner: Option<i64> = self.run(&self.scripts.owner, arguments).await?;
        Ok(owner.map(AccountId::stored))
    }

    async fn expire(&self, key: SessionKey) -> Result<Option<Swept>, StoreError> {
        let arguments = [
            EndReason::IdleTimeout.name().into(),
            EndReason::AbsoluteTimeout.name().into(),
            name(key),
        ];
        let row: Option<SweptRow> = self.run(&self.scripts.expire, arguments).await?;
        row.map(swept_session).transpose()
    }

    async fn sweep(&self, most: u32) -> Result<Sweep, StoreError> {
        let arguments = [
            EndReason::IdleTimeout.name().into(),
            EndReason::AbsoluteTimeout.name().into(),
            i64::from(most).into(),
        ];
        let (more, rows): (u64, Vec<SweptRow>) = self.run(&self.scripts.sweep, arguments).await?;
        let ended: Result<Vec<_>, _> = rows.into_iter().map(swept_session).collect();
        Ok(Sweep {
            ended: ended?,
            is_more: more > 0,
        })
    }

    async fn forget(&self, most: u32) -> Result<u64, StoreError> {
        let arguments = [millis(TOMBSTONE_RETENTION).into(), i64::from(most).into()];
        self.run(&self.scripts.forget, arguments).await
    }

    async fn keep_time(&self, most: u32) -> Result<u64, StoreError> {
        let arguments = [i64::from(most).into()];
        self.run(&self.scripts.keep_time, arguments).await
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        let answer: Option<(String, i64)> = self.run(&self.scripts.data, [name(key)]).await?;
        let Some((data, deadline)) = answer else {
            return Ok(None);
        };
        let data = serde_json::from_str(&data).map_err(StoreError::new)?;
        Ok(Some((data, Instant::from_millis(deadline))))
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        let arguments = [name(key), json(data)?.into()];
        let count: u64 = self.run(&self.scripts.set_data, arguments).await?;
        Ok(count > 0)
    }

    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        self.follow_ends(listener.as_ref()).await
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisStore")
    }
}

/// Key, account, generation, authenticated at, last active at, address, browser, end reason.
type Row = (
    String,
    i64,
    String,
    i64,
    i64,
    String,
    String,
    Option<String>,
);

/// The time, and a session where there is one.
type TimedRow = (i64, Option<Row>);

/// Key, account, reason, ended at.
type SweptRow = (String, i64, String, i64);

fn fields(session: &NewSession) -> Result<[Value; 6], StoreError> {
    Ok([
        name(session.key),
        session.account.to_string().into(),
        session.generation.to_string().into(),
        session.origin.address.clone().into(),
        session.origin.browser.clone().into(),
        json(&session.data)?.into(),
    ])
}

fn sighting((now, row): TimedRow) -> Result<Sighting, StoreError> {
    let presence = match row {
        None => Presence::Unknown,
        Some((_, account, generation, _, _, _, _, Some(reason))) => Presence::Ended(Tombstone {
            account: AccountId::stored(account),
            generation: generation.parse().map_err(StoreError::new)?,
            reason: reason.parse().map_err(StoreError::new)?,
        }),
        Some(row) => Presence::Found(listed_session(row)?.session),
    };
    Ok(Sighting {
        now: Instant::from_millis(now),
        presence,
    })
}

fn listed_session(row: Row) -> Result<ListedSession, StoreError> {
    let (name, account, generation, authenticated_at, last_active_at, address, browser, _) = row;
    Ok(ListedSession {
        session: Session {
            key: key(&name)?,
            account: AccountId::stored(account),
            generation: generation.parse().map_err(StoreError::new)?,
            lifetime: Lifetime::stored(
                Instant::from_millis(authenticated_at),
                Instant::from_millis(last_active_at),
            ),
        },
        origin: Origin { address, browser },
    })
}

fn swept_session((name, account, reason, ended_at): SweptRow) -> Result<Swept, StoreError> {
    Ok(Swept {
        key: key(&name)?,
        account: AccountId::stored(account),
        reason: reason.parse().map_err(StoreError::new)?,
        ended_at: Instant::from_millis(ended_at),
    })
}

/// A key as it is written there.
fn name(key: SessionKey) -> Value {
    key.digits().into()
}

fn key(name: &str) -> Result<SessionKey, StoreError> {
    name.parse().map_err(StoreError::new)
}
