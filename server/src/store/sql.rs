//! Sessions in an SQL database.

mod rows;
mod statements;

use std::sync::Arc;

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime, Policy};
use sqlx::{
    Any, AnyExecutor, AnyPool, FromRow,
    any::{AnyArguments, AnyRow},
    query::{Query, QueryAs},
};

use self::{
    rows::{Row, SweptRow},
    statements::{POSTGRES, SQLITE, Statements},
};
use super::{
    Data, NewSession, Presence, Session, SessionKey, Sighting, Store, StoreError, Swept,
    TOMBSTONE_RETENTION, json, millis,
};
use crate::{
    account_id::AccountId,
    clock::Clock,
    database::{Engine, engine},
};

/// A [`Store`] on SQLite, whose clock is the process's, or on PostgreSQL, whose clock is its own.
#[derive(Debug, Clone)]
pub struct SqlStore {
    pool: AnyPool,
    statements: &'static Statements,
    clock: Arc<dyn Clock>,
    idle_ms: i64,
    absolute_ms: i64,
}

impl SqlStore {
    /// The store in the database of `pool`, under `policy`. PostgreSQL has no use for `clock`.
    pub fn new(pool: AnyPool, clock: Arc<dyn Clock>, policy: &Policy) -> Self {
        let statements = match engine(&pool) {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        Self {
            pool,
            statements,
            clock,
            idle_ms: millis(policy.idle()),
            absolute_ms: millis(policy.absolute()),
        }
    }

    /// A statement with the parameters that each has.
    fn query(&self, statement: &'static str) -> Query<'static, Any, AnyArguments> {
        sqlx::query(statement)
            .bind(self.clock.now().as_millis())
            .bind(self.idle_ms)
            .bind(self.absolute_ms)
    }

    /// As [`query`](Self::query), for one that answers with rows.
    fn query_as<Row>(&self, statement: &'static str) -> QueryAs<'static, Any, Row, AnyArguments>
    where
        Row: for<'row> FromRow<'row, AnyRow>,
    {
        sqlx::query_as(statement)
            .bind(self.clock.now().as_millis())
            .bind(self.idle_ms)
            .bind(self.absolute_ms)
    }

    async fn insert(
        &self,
        executor: impl AnyExecutor<'_>,
        session: &NewSession,
    ) -> Result<Lifetime, StoreError> {
        let (now,) = self
            .query_as(self.statements.create)
            .bind(session.key.bytes())
            .bind(session.account)
            .bind(session.generation.to_string())
            .bind(session.origin.address.clone())
            .bind(session.origin.browser.clone())
            .bind(json(&session.data)?)
            .fetch_one(executor)
            .await?;
        Ok(Lifetime::begin(Instant::from_millis(now)))
    }

    async fn end_one(
        &self,
        executor: impl AnyExecutor<'_>,
        key: SessionKey,
        reason: EndReason,
    ) -> Result<bool, StoreError> {
        let ended = self
            .query(self.statements.end)
            .bind(key.bytes())
            .bind(reason.name())
            .execute(executor)
            .await?;
        Ok(ended.rows_affected() > 0)
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1 from sessions limit 1")
            .fetch_optional(&self.pool)
            .await?;
        Ok(())
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        let (now,) = self
            .query_as(self.statements.now)
            .fetch_one(&self.pool)
            .await?;
        Ok(Instant::from_millis(now))
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        self.insert(&self.pool, &session).await
    }

    async fn find(&self, key: SessionKey) -> Result<Sighting, StoreError> {
        let row: Option<Row> = self
            .query_as(self.statements.find)
            .bind(key.bytes())
            .fetch_optional(&self.pool)
            .await?;
        match row {
            Some(row) => row.try_into(),
            None => Ok(Sighting {
                now: self.now().await?,
                presence: Presence::Unknown,
            }),
        }
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Sighting, StoreError> {
        // All rows, though there is one at most: the answer is complete when it is written down.
        let touched: Vec<Row> = self
            .query_as(self.statements.touch)
            .bind(key.bytes())
            .bind(at.as_millis())
            .fetch_all(&self.pool)
            .await?;
        match touched.into_iter().next() {
            Some(row) => row.try_into(),
            None => self.find(key).await,
        }
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = self
            .end_one(&mut *transaction, old, EndReason::Replaced)
            .await?;
        if !ended {
            return Ok(None);
        }
        let lifetime = self.insert(&mut *transaction, &session).await?;
        transaction.commit().await?;
        Ok(Some(lifetime))
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        self.end_one(&self.pool, key, reason).await
    }

    async fn end_others(
        &self,
        account: AccountId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<u64, StoreError> {
        let ended = self
            .query(self.statements.end_others)
            .bind(keep.bytes())
            .bind(reason.name())
            .bind(account)
            .execute(&self.pool)
            .await?;
        Ok(ended.rows_affected())
    }

    async fn list(&self, account: AccountId) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<Row> = self
            .query_as(self.statements.list)
            .bind(account)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(Session::try_from).collect()
    }

    async fn owner(&self, generation: Generation) -> Result<Option<AccountId>, StoreError> {
        let owner: Option<(AccountId,)> =
            sqlx::query_as("select account from sessions where generation = $1")
                .bind(generation.to_string())
                .fetch_optional(&self.pool)
                .await?;
        Ok(owner.map(|(account,)| account))
    }

    async fn sweep(&self) -> Result<Vec<Swept>, StoreError> {
        let swept: Vec<SweptRow> = self
            .query_as(self.statements.sweep)
            .bind(EndReason::IdleTimeout.name())
            .bind(EndReason::AbsoluteTimeout.name())
            .fetch_all(&self.pool)
            .await?;
        self.query(self.statements.forget)
            .bind(millis(TOMBSTONE_RETENTION))
            .execute(&self.pool)
            .await?;
        swept.into_iter().map(Swept::try_from).collect()
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        let row: Option<(String, i64)> = self
            .query_as(self.statements.data)
            .bind(key.bytes())
            .fetch_optional(&self.pool)
            .await?;
        let Some((data, deadline)) = row else {
            return Ok(None);
        };
        let data = serde_json::from_str(&data).map_err(StoreError::new)?;
        Ok(Some((data, Instant::from_millis(deadline))))
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        let saved = self
            .query(self.statements.set_data)
            .bind(key.bytes())
            .bind(json(data)?)
            .execute(&self.pool)
            .await?;
        Ok(saved.rows_affected() > 0)
    }
}
