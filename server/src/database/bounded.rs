//! The way to the database, on which nothing is waited for without end.

use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::{
    Any, AnyConnection, AnyPool, FromRow,
    any::{AnyArguments, AnyQueryResult, AnyRow},
    pool::PoolConnection,
    query::{Query, QueryAs},
};
use tokio::time::timeout;

use super::Engine;
use crate::{connections::Silent, store::StoreError};

/// Something to be done.
pub type Statement = Query<'static, Any, AnyArguments>;

/// Something to be answered with rows.
pub type Question<Row> = QueryAs<'static, Any, Row, AnyArguments>;

/// What a row can be read as.
pub trait Readable: for<'row> FromRow<'row, AnyRow> + Send + Unpin + 'static {}

impl<Row: for<'row> FromRow<'row, AnyRow> + Send + Unpin + 'static> Readable for Row {}

/// A database with all connections to it.
#[derive(Debug, Clone)]
pub struct Database {
    pool: AnyPool,
    patience: Duration,
}

impl Database {
    /// The database that `pool` leads to, whose answers are waited for no longer than `patience`.
    pub fn new(pool: AnyPool, patience: Duration) -> Self {
        Self { pool, patience }
    }

    /// Which kind of database it is.
    pub fn engine(&self) -> Engine {
        match self.pool.connect_options().database_url.scheme() {
            "sqlite" => Engine::Sqlite,
            _ => Engine::Postgres,
        }
    }

    /// Where it is, with the password.
    pub(crate) fn url(&self) -> String {
        self.pool.connect_options().database_url.to_string()
    }

    /// Waits until nobody uses it, and leaves it.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Carries out `query`.
    ///
    /// # Errors
    ///
    /// See [`run`](Self::run).
    pub async fn execute(&self, query: Statement) -> Result<AnyQueryResult, StoreError> {
        self.run(|connection| Box::pin(query.execute(connection)))
            .await
    }

    /// The one row that answers `query`.
    ///
    /// # Errors
    ///
    /// There is none, or see [`run`](Self::run).
    pub async fn fetch_one<Row: Readable>(&self, query: Question<Row>) -> Result<Row, StoreError> {
        self.run(|connection| Box::pin(query.fetch_one(connection)))
            .await
    }

    /// The row that answers `query`, if there is one.
    ///
    /// # Errors
    ///
    /// See [`run`](Self::run).
    pub async fn fetch_optional<Row: Readable>(
        &self,
        query: Question<Row>,
    ) -> Result<Option<Row>, StoreError> {
        self.run(|connection| Box::pin(query.fetch_optional(connection)))
            .await
    }

    /// The rows that answer `query`.
    ///
    /// # Errors
    ///
    /// See [`run`](Self::run).
    pub async fn fetch_all<Row: Readable>(
        &self,
        query: Question<Row>,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(|connection| Box::pin(query.fetch_all(connection)))
            .await
    }

    /// What it answers to `ask`, which may ask several things on one connection.
    ///
    /// # Errors
    ///
    /// It fails, or has not answered in time.
    pub async fn run<Answer, Error: Into<StoreError>>(
        &self,
        ask: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<Answer, Error>>,
    ) -> Result<Answer, StoreError> {
        self.run_within(self.patience, ask).await
    }

    /// As [`run`](Self::run), but waits for another time.
    ///
    /// # Errors
    ///
    /// It fails, or has not answered in time.
    pub async fn run_within<Answer, Error: Into<StoreError>>(
        &self,
        patience: Duration,
        ask: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<Answer, Error>>,
    ) -> Result<Answer, StoreError> {
        let answer = async {
            let connection = self.pool.acquire().await?;
            let mut lease = Lease(Some(connection));
            let connection = lease.0.as_mut().ok_or(sqlx::Error::PoolClosed)?;
            let answer = ask(connection).await.map_err(Into::into);
            lease.give_back();
            answer
        };
        match self.engine() {
            // It bounds its wait for a lock itself, and carries out what it has begun: that must
            // be known.
            Engine::Sqlite => answer.await,
            Engine::Postgres => match timeout(patience, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(StoreError::new(Silent(patience))),
            },
        }
    }
}

/// A connection until it has answered. One whose answer is given up is closed: it may be lost, and
/// the pool would wait for it without end.
struct Lease(Option<PoolConnection<Any>>);

impl Lease {
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
