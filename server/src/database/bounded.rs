//! The way to the database, on which nothing is waited for without end.

use std::{error::Error as _, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    Any, AnyConnection, AnyPool, FromRow,
    any::{AnyArguments, AnyQueryResult, AnyRow},
    pool::PoolConnection,
    query::{Query, QueryAs},
    sqlite::SqliteError,
};
use tokio::time::timeout;

use super::{
    DatabaseError, DatabaseUrl, Engine, SQLITE, Way,
    file::{OpenFile, Unusable},
};
use crate::{
    connections::{Connections, Silent},
    store::StoreError,
};

/// Something to be done.
pub type Statement = Query<'static, Any, AnyArguments>;

/// Something to be answered with rows.
pub type Question<Row> = QueryAs<'static, Any, Row, AnyArguments>;

/// What a row can be read as.
pub trait Readable: for<'row> FromRow<'row, AnyRow> + Send + Unpin + 'static {}

impl<Row: for<'row> FromRow<'row, AnyRow> + Send + Unpin + 'static> Readable for Row {}

/// A database with all connections to it.
///
/// An embedded one has one writer at a time. Those who write wait for its one connection, and those
/// who read have connections of their own, so that they do not wait behind writers.
#[derive(Debug, Clone)]
pub struct Database {
    pool: AnyPool,
    readers: AnyPool,
    /// Stands last, and so is closed last: see [`OpenFile`].
    file: Option<Arc<OpenFile>>,
    patience: Duration,
}

impl Database {
    /// Opens the database at `url`, brings its schema up to date, and makes an embedded one where
    /// there is none.
    ///
    /// # Errors
    ///
    /// The step that failed, with the place concerned.
    pub async fn open(url: &DatabaseUrl, connections: Connections) -> Result<Self, DatabaseError> {
        Self::open_once(url, connections, |_| Ok(())).await
    }

    /// As [`open`](Self::open), and makes sure that no other process keeps sessions in an embedded
    /// database for as long as this is open: each would only know its own.
    ///
    /// # Errors
    ///
    /// Another process does, it cannot be found out, or see [`open`](Self::open).
    pub async fn hold(url: &DatabaseUrl, connections: Connections) -> Result<Self, DatabaseError> {
        Self::open_once(url, connections, OpenFile::hold).await
    }

    /// `admit` is asked before SQLite looks at the file.
    async fn open_once(
        url: &DatabaseUrl,
        connections: Connections,
        admit: impl FnOnce(&OpenFile) -> Result<(), DatabaseError>,
    ) -> Result<Self, DatabaseError> {
        let patience = connections.timeout;
        let file = match url {
            DatabaseUrl::Sqlite(file) => file,
            DatabaseUrl::Postgres(_) => {
                return Ok(Self::new(super::open(url, connections).await?, patience));
            }
        };
        let file = file.open_or_make()?;
        admit(&file)?;
        let mut way = Way::to_file(&file, connections, url)?;
        match way.bring_up_to_date(&SQLITE, patience).await {
            Err(DatabaseError::Open { source, .. }) if is_unwritten(&source) => {
                file.set_full(true);
                way.keep_to_this_process();
                way.bring_up_to_date(&SQLITE, patience).await?;
            }
            up_to_date => up_to_date?,
        }
        let readers = Way {
            settings: format!("{}; pragma query_only = on", way.settings),
            ..way.clone()
        };
        Ok(Self {
            pool: way.pool(1, patience).await?,
            readers: readers
                .pool(connections.most.saturating_sub(1).max(1), patience)
                .await?,
            file: Some(Arc::new(file)),
            patience,
        })
    }

    /// The database that `pool` leads to, for reading too, whose answers are waited for no longer
    /// than `patience`.
    pub fn new(pool: AnyPool, patience: Duration) -> Self {
        Self {
            readers: pool.clone(),
            pool,
            file: None,
            patience,
        }
    }

    /// Logs what the operator should know of the file of an embedded database.
    pub fn announce(&self) {
        if let Some(file) = &self.file {
            file.announce();
        }
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
        self.readers.close().await;
        self.pool.close().await;
    }

    /// Whether it can be read and written, as far as that is known without asking it.
    ///
    /// # Errors
    ///
    /// It cannot.
    pub fn is_usable(&self) -> Result<(), Unusable> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        file.find()?;
        match file.is_full() {
            true => Err(Unusable::Full),
            false => Ok(()),
        }
    }

    /// Finds out whether what was wrong with it still is. To be asked once in a second or so.
    ///
    /// # Errors
    ///
    /// It is.
    pub async fn look_again(&self) -> Result<(), StoreError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        file.find().map_err(StoreError::new)?;
        if file.is_full() {
            // Writes a page with what is in it already.
            self.execute(sqlx::query("pragma user_version = 0")).await?;
            file.set_full(false);
        }
        Ok(())
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

    /// Carries out `query`, and gives the one row that it answers.
    ///
    /// # Errors
    ///
    /// There is none, or see [`run`](Self::run).
    pub async fn fetch_one<Row: Readable>(&self, query: Question<Row>) -> Result<Row, StoreError> {
        let row = self.fetch_optional(query).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Carries out `query`, and gives the row that it answers, if there is one.
    ///
    /// # Errors
    ///
    /// See [`run`](Self::run).
    pub async fn fetch_optional<Row: Readable>(
        &self,
        query: Question<Row>,
    ) -> Result<Option<Row>, StoreError> {
        // SQLite writes down what a statement has changed after its last row, and only who asks
        // for all of them is told whether it could.
        Ok(self.fetch_all(query).await?.into_iter().next())
    }

    /// Carries out `query`, and gives the rows that it answers.
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

    /// The one row that answers `query`, which changes nothing.
    ///
    /// # Errors
    ///
    /// There is none, or see [`run`](Self::run).
    pub async fn read_one<Row: Readable>(&self, query: Question<Row>) -> Result<Row, StoreError> {
        self.read(|connection| Box::pin(query.fetch_one(connection)))
            .await
    }

    /// The row that answers `query`, which changes nothing, if there is one.
    ///
    /// # Errors
    ///
    /// See [`run`](Self::run).
    pub async fn read_optional<Row: Readable>(
        &self,
        query: Question<Row>,
    ) -> Result<Option<Row>, StoreError> {
        self.read(|connection| Box::pin(query.fetch_optional(connection)))
            .await
    }

    /// The rows that answer `query`, which changes nothing.
    ///
    /// # Errors
    ///
    /// See [`run`](Self::run).
    pub async fn read_all<Row: Readable>(
        &self,
        query: Question<Row>,
    ) -> Result<Vec<Row>, StoreError> {
        self.read(|connection| Box::pin(query.fetch_all(connection)))
            .await
    }

    /// What it answers to `ask`, which may ask several things on one connection.
    ///
    /// # Errors
    ///
    /// It fails, has not answered in time, or is no longer where it was opened.
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
    /// See [`run`](Self::run).
    pub async fn run_within<Answer, Error: Into<StoreError>>(
        &self,
        patience: Duration,
        ask: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<Answer, Error>>,
    ) -> Result<Answer, StoreError> {
        self.ask_through(&self.pool, patience, ask).await
    }

    async fn read<Answer>(
        &self,
        ask: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<Answer, sqlx::Error>>,
    ) -> Result<Answer, StoreError> {
        self.ask_through(&self.readers, self.patience, ask).await
    }

    async fn ask_through<Answer, Error: Into<StoreError>>(
        &self,
        pool: &AnyPool,
        patience: Duration,
        ask: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<Answer, Error>>,
    ) -> Result<Answer, StoreError> {
        let answer = async {
            self.find()?;
            let connection = pool.acquire().await?;
            let mut lease = Lease(Some(connection));
            let connection = lease.0.as_mut().ok_or(sqlx::Error::PoolClosed)?;
            let answer = ask(connection).await.map_err(Into::into);
            // What has been written into a file that is nobody's any more is not acknowledged, and
            // a connection that may lead to another file is not used again.
            self.find()?;
            lease.give_back();
            answer
        };
        match self.engine() {
            // It bounds its wait for a lock itself, and carries out what it has begun: that must
            // be known.
            Engine::Sqlite => {
                let answer = answer.await;
                if let Some(file) = &self.file
                    && answer.as_ref().is_err_and(has_no_room)
                {
                    file.set_full(true);
                }
                answer
            }
            Engine::Postgres => match timeout(patience, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(StoreError::new(Silent(patience))),
            },
        }
    }

    /// Makes sure that an embedded database is still where it was opened.
    fn find(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) => file.find().map_err(StoreError::new),
            None => Ok(()),
        }
    }
}

/// Whether an embedded database says that it could not write.
pub(crate) fn has_no_room(error: &StoreError) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref());
    source.is_some_and(is_unwritten)
}

fn is_unwritten(error: &sqlx::Error) -> bool {
    const FULL: &str = "13";
    /// `SQLITE_IOERR_WRITE`, `_FSYNC`, `_DIR_FSYNC`, `_TRUNCATE` and `_SHMSIZE`.
    const UNWRITTEN: [&str; 5] = ["778", "1034", "1290", "1546", "4874"];
    error
        .as_database_error()
        .filter(|error| error.try_downcast_ref::<SqliteError>().is_some())
        .and_then(|error| error.code())
        .is_some_and(|code| code == FULL || UNWRITTEN.contains(&code.as_ref()))
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
