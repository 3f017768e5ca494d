//! Sessions in SQLite.

mod backup;
mod endings;
mod json;
mod statements;
mod unwritten_ends;
mod watch;

use std::sync::Arc;

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime};
use sqlx::{
    FromRow as _, Row as _, Sqlite,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use self::{
    json::{keys_as_json, touches_as_json},
    unwritten_ends::UnwrittenEnds,
};
use super::{
    Data, Expired, ListedSession, Listener, Lookup, NewSession, Presence, SessionKey,
    SessionLimits, Store, StoreError, Sweep, TOMBSTONE_RETENTION,
    listeners::Listeners,
    sql::{self, ListedColumns, SessionColumns},
};
use crate::{
    PersonId,
    clock::{Clock, SystemClock},
    sqlite::{Database, is_disk_full},
};

/// A [`Store`] in SQLite, for a program that runs as one process. The clock of the process decides
/// when sessions end. The store needs the tables that [`Database::migrate`] creates.
///
/// If the disk is full, sessions can still be ended: the process keeps these ends in memory until
/// they can be written.
///
/// ```no_run
/// use dwell::{
///     Connections,
///     sqlite::{Database, DatabaseFile},
///     store::SqliteStore,
/// };
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let file = DatabaseFile::at("data/sessions.db");
/// let database = Database::hold(file, Connections::default()).await?;
/// database.migrate().await?;
/// let store = SqliteStore::open(database).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SqliteStore {
    database: Database,
    clock: Arc<dyn Clock>,
    listeners: Listeners,
    unwritten: UnwrittenEnds,
}

impl SqliteStore {
    /// Opens the sessions in `database`, with the clock of the machine. If the clock was set back
    /// while no process used the database, the time continues from [`mark`](Self::mark).
    ///
    /// # Errors
    ///
    /// The database failed, or its tables do not exist: see [`Database::migrate`].
    pub async fn open(database: impl Into<Database>) -> Result<Self, StoreError> {
        let database = database.into();
        let mark = Self::mark(&database).await?;
        let clock = SystemClock::start_at_least(mark.unwrap_or(Instant::from_millis(0)));
        Ok(Self::new(database, Arc::new(clock)))
    }

    /// Opens the sessions in `database`, with another clock.
    ///
    /// The clock should not start before [`mark`](Self::mark).
    /// [`SystemClock::start_at_least`](crate::clock::SystemClock::start_at_least) makes sure of
    /// this.
    pub fn new(database: impl Into<Database>, clock: Arc<dyn Clock>) -> Self {
        Self {
            database: database.into(),
            clock,
            listeners: Listeners::default(),
            unwritten: UnwrittenEnds::default(),
        }
    }

    /// Returns the latest time that was written down for the sessions in `database`, which is done
    /// at most once a second while somebody is signed in. If a clock starts before it, sessions
    /// live longer than they should.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn mark(database: &Database) -> Result<Option<Instant>, StoreError> {
        let mark: Option<(i64,)> = database
            .read::<_, sqlx::Error>(|connection| {
                Box::pin(sqlx::query_as(statements::MARK).fetch_optional(connection))
            })
            .await?;
        Ok(mark.map(|(mark,)| Instant::from_millis(mark)))
    }

    /// Executes the statement that `statement` makes from the time. The time is read when no other
    /// operation can write any more. Returns the number of changed rows.
    async fn execute(&self, statement: impl FnOnce(i64) -> Statement) -> Result<u64, StoreError> {
        let mut lease = self.database.writer().await?;
        let statement = statement(self.clock.now().as_millis());
        let done = statement.execute(lease.connection()?).await;
        Ok(self.database.finish(lease, done)?.rows_affected())
    }

    /// Executes a statement like [`execute`](Self::execute), and returns its rows.
    async fn execute_returning(
        &self,
        statement: impl FnOnce(i64) -> Statement,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut lease = self.database.writer().await?;
        let statement = statement(self.clock.now().as_millis());
        let rows = statement.fetch_all(lease.connection()?).await;
        self.database.finish(lease, rows)
    }

    /// Executes the query that `query` makes from the time, and returns its rows.
    async fn read_all(
        &self,
        query: impl FnOnce(i64) -> Statement,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut lease = self.database.reader().await?;
        let query = query(self.clock.now().as_millis());
        let rows = query.fetch_all(lease.connection()?).await;
        self.database.finish(lease, rows)
    }

    async fn read_optional(
        &self,
        query: impl FnOnce(i64) -> Statement,
    ) -> Result<Option<SqliteRow>, StoreError> {
        let mut lease = self.database.reader().await?;
        let query = query(self.clock.now().as_millis());
        let row = query.fetch_optional(lease.connection()?).await;
        self.database.finish(lease, row)
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn clock(&self) -> Option<Arc<dyn Clock>> {
        Some(Arc::clone(&self.clock))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read_optional(|_| sqlx::query(statements::PING))
            .await?;
        Ok(())
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        Ok(self.clock.now())
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        let mut lease = self.database.writer().await?;
        let now = self.clock.now();
        let created = match create(&session, now) {
            Ok(query) => query.execute(lease.connection()?).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        self.database.finish(lease, created)?;
        Ok(lifetime(&session, now))
    }

    async fn find(&self, key: SessionKey) -> Result<Lookup, StoreError> {
        let mut lease = self.database.reader().await?;
        // The time is read before the session, so that a touch in between does not count as too
        // late.
        let now = self.clock.now();
        let row = sqlx::query(statements::FIND)
            .bind(bytes(key))
            .fetch_optional(lease.connection()?)
            .await;
        let row = self.database.finish(lease, row)?;
        let presence = match &row {
            Some(row) => sql::presence(key, SessionColumns::from_row(row)?)?,
            None => Presence::Unknown,
        };
        let presence = self.unwritten.correct(key, presence);
        Ok(Lookup { now, presence })
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Lookup, StoreError> {
        let mut lease = self.database.writer().await?;
        let now = self.clock.now();
        let rows = sqlx::query(statements::TOUCH)
            .bind(bytes(key))
            .bind(at.as_millis())
            .bind(now.as_millis())
            .fetch_all(lease.connection()?)
            .await;
        let rows = match self.database.finish(lease, rows) {
            Ok(rows) => rows,
            // If the disk is full, the last activity does not move, and the answer shows that. The
            // person can still read, and can sign out.
            Err(error) if is_disk_full(&error) => Vec::new(),
            Err(error) => return Err(error),
        };
        match rows.first() {
            Some(row) => {
                let presence = sql::presence(key, SessionColumns::from_row(row)?)?;
                let presence = self.unwritten.correct(key, presence);
                Ok(Lookup { now, presence })
            }
            None => self.find(key).await,
        }
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        let touches = touches_as_json(touches);
        let rows = self
            .execute_returning(|now| sqlx::query(statements::TOUCH_ALL).bind(touches).bind(now))
            .await?;
        rows.iter()
            .map(|row| Ok((self::key(row)?, Instant::from_millis(row.try_get(1)?))))
            .collect()
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        let asked = keys_as_json(keys);
        let rows = self
            .read_all(|now| sqlx::query(statements::LIVE_AMONG).bind(asked).bind(now))
            .await?;
        let mut live = self::keys(&rows)?;
        live.retain(|key| !self.unwritten.contains(*key));
        Ok(live)
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        self.end_and_notify(self.clone().replace(old, session))
            .await
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        self.end_and_notify(self.clone().end_one(key, reason)).await
    }

    async fn end_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        self.end_and_notify(self.clone().end_all_but(person.clone(), keep, reason))
            .await
    }

    async fn list(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        let person = person.to_string();
        let rows = self
            .read_all(|now| sqlx::query(statements::LIST).bind(person).bind(now))
            .await?;
        let listed: Result<Vec<_>, _> = rows
            .iter()
            .map(|row| sql::listed(ListedColumns::from_row(row)?))
            .collect();
        let mut listed = listed?;
        listed.retain(|listed| !self.unwritten.contains(listed.session.key));
        Ok(listed)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let row = self
            .read_optional(|_| sqlx::query(statements::COUNT))
            .await?;
        let row = row.ok_or(sqlx::Error::RowNotFound)?;
        Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
    }

    async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        let generation = generation.to_string();
        let row = self
            .read_optional(|_| sqlx::query(statements::OWNER).bind(generation))
            .await?;
        row.map(|row| sql::person(row.try_get(0)?)).transpose()
    }

    async fn expire(&self, key: SessionKey) -> Result<Option<Expired>, StoreError> {
        let expire = move |now| sqlx::query(statements::EXPIRE).bind(bytes(key)).bind(now);
        let expired = self
            .end_and_notify(self.clone().end_by_time(expire))
            .await?;
        Ok(expired.into_iter().next())
    }

    async fn sweep(&self, limit: u32) -> Result<Sweep, StoreError> {
        let are_all_written = self.write_unwritten(limit).await?;
        let sweep = move |now| sqlx::query(statements::SWEEP).bind(now).bind(limit);
        let ended = self.end_and_notify(self.clone().end_by_time(sweep)).await?;
        let is_more = u32::try_from(ended.len()) == Ok(limit) || !are_all_written;
        Ok(Sweep { ended, is_more })
    }

    async fn tighten(&self, limits: SessionLimits, limit: u32) -> Result<u64, StoreError> {
        self.execute(|_| {
            sqlx::query(statements::TIGHTEN)
                .bind(sql::limit(limits.idle))
                .bind(sql::limit(limits.absolute))
                .bind(limit)
        })
        .await
    }

    async fn forget(&self, limit: u32) -> Result<u64, StoreError> {
        let retention = sql::millis(TOMBSTONE_RETENTION);
        self.execute(|now| {
            sqlx::query(statements::FORGET)
                .bind(now - retention)
                .bind(limit)
        })
        .await
    }

    async fn keep_time(&self, limit: u32) -> Result<u64, StoreError> {
        self.execute(|now| sqlx::query(statements::KEEP_MARK).bind(now))
            .await?;
        self.execute(|now| sqlx::query(statements::KEEP_TIME).bind(now).bind(limit))
            .await
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        if self.unwritten.contains(key) {
            return Ok(None);
        }
        let query = |now| sqlx::query(statements::DATA).bind(bytes(key)).bind(now);
        let Some(row) = self.read_optional(query).await? else {
            return Ok(None);
        };
        let deadline = Instant::from_millis(row.try_get(1)?);
        Ok(Some((sql::data(row.try_get(0)?)?, deadline)))
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        if self.unwritten.contains(key) {
            return Ok(false);
        }
        let data = sql::json(data)?;
        let saved = self.execute(|now| {
            sqlx::query(statements::SET_DATA)
                .bind(bytes(key))
                .bind(now)
                .bind(data)
        });
        Ok(saved.await? > 0)
    }

    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        // Changes from before do not matter, so they are only marked as seen.
        if let Err(error) = watch::has_been_changed(&self.database).await {
            return error;
        }
        let _registration = self.listeners.add(Arc::clone(&listener));
        watch::watch(self, listener.as_ref()).await
    }
}

type Statement = Query<'static, Sqlite, SqliteArguments>;

fn create(session: &NewSession, now: Instant) -> Result<Statement, StoreError> {
    let lifetime = lifetime(session, now);
    let provider = session.provider.clone();
    let (issuer, subject, provider_session) = match provider {
        Some(provider) => (
            Some(provider.issuer),
            Some(provider.subject),
            provider.session,
        ),
        None => (None, None, None),
    };
    let query = sqlx::query(statements::CREATE)
        .bind(bytes(session.key))
        .bind(session.person.to_string())
        .bind(session.generation.to_string())
        .bind(lifetime.authenticated_at().as_millis())
        .bind(lifetime.last_active_at().as_millis())
        .bind(sql::limit(session.limits.idle))
        .bind(sql::limit(session.limits.absolute))
        .bind(session.credential.clone())
        .bind(issuer)
        .bind(subject)
        .bind(provider_session)
        .bind(session.origin.address.clone())
        .bind(session.origin.browser.clone())
        .bind(sql::json(&session.data)?);
    Ok(query)
}

fn lifetime(session: &NewSession, now: Instant) -> Lifetime {
    Lifetime::stored(now - session.authenticated_ago, now)
}

fn bytes(key: SessionKey) -> Vec<u8> {
    key.as_bytes().to_vec()
}

/// The key in the first column.
fn key(row: &SqliteRow) -> Result<SessionKey, StoreError> {
    sql::key(row.try_get(0)?)
}

fn keys(rows: &[SqliteRow]) -> Result<Vec<SessionKey>, StoreError> {
    rows.iter().map(key).collect()
}
