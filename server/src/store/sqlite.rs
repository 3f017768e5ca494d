//! Sessions in the embedded database.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime, Policy};
use sqlx::{FromRow, SqlitePool};

use super::{
    Data, NewSession, Origin, Presence, Session, SessionKey, Sighting, Store, StoreError, Swept,
    Tombstone,
};
use crate::{account_id::AccountId, clock::Clock};

/// How long a tombstone can tell why its session ended.
const TOMBSTONE_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// That a session is live. Parameters: 1 now, 2 the idle timeout, 3 the absolute timeout.
macro_rules! live {
    () => {
        "ended_at is null and last_active_at + ?2 > ?1 and authenticated_at + ?3 > ?1"
    };
}

macro_rules! columns {
    () => {
        "key, account, generation, authenticated_at, last_active_at, address, browser, \
         ended_at, end_reason"
    };
}

/// What an end leaves behind: who, when and why. Parameters: 1 now, 4 the reason.
macro_rules! entomb {
    () => {
        "update sessions set ended_at = ?1, end_reason = ?4, data = '{}', address = '', browser = ''"
    };
}

/// A [`Store`] on SQLite, whose clock is the process's.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
    clock: Arc<dyn Clock>,
    idle_ms: i64,
    absolute_ms: i64,
}

impl SqliteStore {
    /// The store in the database of `pool`, under `policy`.
    pub fn new(pool: SqlitePool, clock: Arc<dyn Clock>, policy: &Policy) -> Self {
        Self {
            pool,
            clock,
            idle_ms: millis(policy.idle()),
            absolute_ms: millis(policy.absolute()),
        }
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().as_millis()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1 from sessions limit 1")
            .fetch_optional(&self.pool)
            .await?;
        Ok(())
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        Ok(self.clock.now())
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        let now = self.clock.now();
        insert(&self.pool, &session, now).await?;
        Ok(Lifetime::begin(now))
    }

    async fn find(&self, key: SessionKey) -> Result<Sighting, StoreError> {
        let row: Option<Row> = sqlx::query_as(concat!(
            "select ",
            columns!(),
            " from sessions where key = ?1"
        ))
        .bind(key.0.as_slice())
        .fetch_optional(&self.pool)
        .await?;
        let presence = match row {
            Some(row) => row.try_into()?,
            None => Presence::Unknown,
        };
        Ok(Sighting {
            now: self.clock.now(),
            presence,
        })
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Sighting, StoreError> {
        let now_ms = self.now_ms();
        let touched: Option<Row> = sqlx::query_as(concat!(
            "update sessions set last_active_at = max(last_active_at, min(?5, ?1)) \
             where key = ?4 and ",
            live!(),
            " returning ",
            columns!()
        ))
        .bind(now_ms)
        .bind(self.idle_ms)
        .bind(self.absolute_ms)
        .bind(key.0.as_slice())
        .bind(at.as_millis())
        .fetch_optional(&self.pool)
        .await?;
        match touched {
            Some(row) => Ok(Sighting {
                now: Instant::from_millis(now_ms),
                presence: row.try_into()?,
            }),
            None => self.find(key).await,
        }
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        let now = self.clock.now();
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query(concat!(entomb!(), " where key = ?5 and ", live!()))
            .bind(now.as_millis())
            .bind(self.idle_ms)
            .bind(self.absolute_ms)
            .bind(EndReason::Replaced.name())
            .bind(old.0.as_slice())
            .execute(&mut *transaction)
            .await?;
        if ended.rows_affected() == 0 {
            return Ok(None);
        }
        insert(&mut *transaction, &session, now).await?;
        transaction.commit().await?;
        Ok(Some(Lifetime::begin(now)))
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        let ended = sqlx::query(concat!(entomb!(), " where key = ?5 and ", live!()))
            .bind(self.now_ms())
            .bind(self.idle_ms)
            .bind(self.absolute_ms)
            .bind(reason.name())
            .bind(key.0.as_slice())
            .execute(&self.pool)
            .await?;
        Ok(ended.rows_affected() > 0)
    }

    async fn end_others(
        &self,
        account: AccountId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<u64, StoreError> {
        let ended = sqlx::query(concat!(
            entomb!(),
            " where account = ?5 and key <> ?6 and ",
            live!()
        ))
        .bind(self.now_ms())
        .bind(self.idle_ms)
        .bind(self.absolute_ms)
        .bind(reason.name())
        .bind(account)
        .bind(keep.0.as_slice())
        .execute(&self.pool)
        .await?;
        Ok(ended.rows_affected())
    }

    async fn list(&self, account: AccountId) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(concat!(
            "select ",
            columns!(),
            " from sessions where account = ?4 and ",
            live!(),
            " order by last_active_at desc"
        ))
        .bind(self.now_ms())
        .bind(self.idle_ms)
        .bind(self.absolute_ms)
        .bind(account)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Session::try_from).collect()
    }

    async fn owner(&self, generation: Generation) -> Result<Option<AccountId>, StoreError> {
        let owner: Option<(AccountId,)> =
            sqlx::query_as("select account from sessions where generation = ?1")
                .bind(generation.to_string())
                .fetch_optional(&self.pool)
                .await?;
        Ok(owner.map(|(account,)| account))
    }

    async fn sweep(&self) -> Result<Vec<Swept>, StoreError> {
        let now = self.clock.now();
        let swept: Vec<SweptRow> = sqlx::query_as(
            "update sessions set \
             ended_at = min(last_active_at + ?2, authenticated_at + ?3), \
             end_reason = iif(last_active_at + ?2 < authenticated_at + ?3, ?4, ?5), \
             data = '{}', address = '', browser = '' \
             where ended_at is null and (last_active_at <= ?1 - ?2 or authenticated_at <= ?1 - ?3) \
             returning key, account, ended_at, end_reason",
        )
        .bind(now.as_millis())
        .bind(self.idle_ms)
        .bind(self.absolute_ms)
        .bind(EndReason::IdleTimeout.name())
        .bind(EndReason::AbsoluteTimeout.name())
        .fetch_all(&self.pool)
        .await?;
        sqlx::query("delete from sessions where ended_at < ?1")
            .bind((now - TOMBSTONE_RETENTION).as_millis())
            .execute(&self.pool)
            .await?;
        swept.into_iter().map(Swept::try_from).collect()
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        let row: Option<(String, i64)> = sqlx::query_as(concat!(
            "select data, min(last_active_at + ?2, authenticated_at + ?3) \
             from sessions where key = ?4 and ",
            live!()
        ))
        .bind(self.now_ms())
        .bind(self.idle_ms)
        .bind(self.absolute_ms)
        .bind(key.0.as_slice())
        .fetch_optional(&self.pool)
        .await?;
        let Some((data, deadline)) = row else {
            return Ok(None);
        };
        let data = serde_json::from_str(&data).map_err(StoreError::new)?;
        Ok(Some((data, Instant::from_millis(deadline))))
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        let saved = sqlx::query(concat!(
            "update sessions set data = ?5 where key = ?4 and ",
            live!()
        ))
        .bind(self.now_ms())
        .bind(self.idle_ms)
        .bind(self.absolute_ms)
        .bind(key.0.as_slice())
        .bind(json(data)?)
        .execute(&self.pool)
        .await?;
        Ok(saved.rows_affected() > 0)
    }
}

async fn insert(
    executor: impl sqlx::SqliteExecutor<'_>,
    session: &NewSession,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into sessions \
         (key, account, generation, authenticated_at, last_active_at, address, browser, data) \
         values (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
    )
    .bind(session.key.0.as_slice())
    .bind(session.account)
    .bind(session.generation.to_string())
    .bind(now.as_millis())
    .bind(&session.origin.address)
    .bind(&session.origin.browser)
    .bind(json(&session.data)?)
    .execute(executor)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    key: Vec<u8>,
    account: AccountId,
    generation: String,
    authenticated_at: i64,
    last_active_at: i64,
    address: String,
    browser: String,
    end_reason: Option<String>,
}

impl TryFrom<Row> for Presence {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        match &row.end_reason {
            Some(reason) => Ok(Self::Ended(Tombstone {
                account: row.account,
                generation: row.generation.parse().map_err(StoreError::new)?,
                reason: reason.parse().map_err(StoreError::new)?,
            })),
            None => row.try_into().map(Self::Found),
        }
    }
}

impl TryFrom<Row> for Session {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            key: key(row.key)?,
            account: row.account,
            generation: row.generation.parse().map_err(StoreError::new)?,
            lifetime: Lifetime::stored(
                Instant::from_millis(row.authenticated_at),
                Instant::from_millis(row.last_active_at),
            ),
            origin: Origin {
                address: row.address,
                browser: row.browser,
            },
        })
    }
}

#[derive(FromRow)]
struct SweptRow {
    key: Vec<u8>,
    account: AccountId,
    ended_at: i64,
    end_reason: String,
}

impl TryFrom<SweptRow> for Swept {
    type Error = StoreError;

    fn try_from(row: SweptRow) -> Result<Self, Self::Error> {
        Ok(Self {
            key: key(row.key)?,
            account: row.account,
            reason: row.end_reason.parse().map_err(StoreError::new)?,
            ended_at: Instant::from_millis(row.ended_at),
        })
    }
}

fn key(bytes: Vec<u8>) -> Result<SessionKey, StoreError> {
    let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(StoreError::new)?;
    Ok(SessionKey(bytes))
}

fn json(data: &Data) -> Result<String, StoreError> {
    serde_json::to_string(data).map_err(StoreError::new)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
