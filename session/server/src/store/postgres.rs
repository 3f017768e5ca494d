//! Sessions in PostgreSQL.

mod ends;
mod statements;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime};
use sqlx::{
    Connection as _, FromRow as _, PgConnection, Postgres, Row as _,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use super::{
    Data, Expired, ListedSession, Listener, Lookup, NewSession, Presence, SessionKey,
    SessionLimits, Store, StoreError, Sweep, TOMBSTONE_RETENTION, feed,
    sql::{self, ExpiredColumns, ListedColumns, SessionColumns},
};
use crate::{PersonId, clock::Clock, postgres::Database};

/// How long a sweep may take. Only its answer says which sessions it has ended, so it is given up
/// only if the connection must be broken.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(60);

/// A [`Store`] in PostgreSQL, which several nodes can share. The clock of the database server
/// decides when sessions end. The store needs the tables and functions that [`Database::migrate`]
/// creates.
///
/// ```no_run
/// use dwell::{postgres::Database, store::PostgresStore};
/// use sqlx::PgPool;
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = PgPool::connect("postgres://localhost/program").await?;
/// let database = Database::from(pool);
/// database.migrate().await?;
/// let store = PostgresStore::new(database);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PostgresStore {
    database: Database,
}

impl PostgresStore {
    /// The sessions in `database`.
    pub fn new(database: impl Into<Database>) -> Self {
        Self {
            database: database.into(),
        }
    }

    /// Executes `statement` and returns the number of rows that it has changed.
    async fn execute(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let executed = self.database.within(self.database.timeout(), async {
            let mut lease = self.database.lease().await?;
            let done = statement.execute(lease.connection()?).await;
            lease.give_back();
            Ok(done?.rows_affected())
        });
        executed.await
    }

    async fn fetch_optional(&self, statement: Statement<'_>) -> Result<Option<PgRow>, StoreError> {
        let fetched = self.database.within(self.database.timeout(), async {
            let mut lease = self.database.lease().await?;
            let row = statement.fetch_optional(lease.connection()?).await;
            lease.give_back();
            Ok(row?)
        });
        fetched.await
    }

    async fn fetch_one(&self, statement: Statement<'_>) -> Result<PgRow, StoreError> {
        let row = self.fetch_optional(statement).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    async fn fetch_all(&self, statement: Statement<'_>) -> Result<Vec<PgRow>, StoreError> {
        self.fetch_all_within(self.database.timeout(), statement)
            .await
    }

    async fn fetch_all_within(
        &self,
        limit: Duration,
        statement: Statement<'_>,
    ) -> Result<Vec<PgRow>, StoreError> {
        let fetched = self.database.within(limit, async {
            let mut lease = self.database.lease().await?;
            let rows = statement.fetch_all(lease.connection()?).await;
            lease.give_back();
            Ok(rows?)
        });
        fetched.await
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn clock(&self) -> Option<Arc<dyn Clock>> {
        None
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.fetch_optional(sqlx::query(statements::PING)).await?;
        Ok(())
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        let row = self.fetch_one(sqlx::query(statements::NOW)).await?;
        Ok(Instant::from_millis(row.try_get(0)?))
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        lifetime(&self.fetch_one(create(&session)?).await?)
    }

    async fn find(&self, key: SessionKey) -> Result<Lookup, StoreError> {
        let query = sqlx::query(statements::FIND).bind(bytes(&key));
        let row = self.fetch_one(query).await?;
        let is_known = row.try_get::<Option<&str>, _>(0)?.is_some();
        if is_known {
            return lookup(key, &row);
        }
        Ok(Lookup {
            now: Instant::from_millis(row.try_get(7)?),
            presence: Presence::Unknown,
        })
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Lookup, StoreError> {
        let query = sqlx::query(statements::TOUCH)
            .bind(bytes(&key))
            .bind(at.as_millis());
        match self.fetch_optional(query).await? {
            Some(row) => lookup(key, &row),
            None => self.find(key).await,
        }
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        let keys: Vec<_> = touches.iter().map(|(key, _)| bytes(key)).collect();
        let times: Vec<_> = touches.iter().map(|(_, at)| at.as_millis()).collect();
        let query = sqlx::query(statements::TOUCH_ALL).bind(keys).bind(times);
        let rows = self.fetch_all(query).await?;
        rows.iter()
            .map(|row| Ok((key(row)?, Instant::from_millis(row.try_get(1)?))))
            .collect()
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        let asked: Vec<_> = keys.iter().map(bytes).collect();
        let query = sqlx::query(statements::LIVE_AMONG).bind(asked);
        self.fetch_all(query).await?.iter().map(key).collect()
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        let rotated = self.database.within(self.database.timeout(), async {
            let mut lease = self.database.lease().await?;
            let replaced = replace(lease.connection()?, old, &session).await;
            lease.give_back();
            replaced
        });
        rotated.await
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        Ok(self.execute(end(&key, reason)).await? > 0)
    }

    async fn end_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        let query = sqlx::query(statements::END_OTHERS)
            .bind(person.as_str())
            .bind(bytes(&keep))
            .bind(reason.name());
        self.fetch_all(query).await?.iter().map(key).collect()
    }

    async fn list(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        let query = sqlx::query(statements::LIST).bind(person.as_str());
        let rows = self.fetch_all(query).await?;
        rows.iter()
            .map(|row| sql::listed(ListedColumns::from_row(row)?))
            .collect()
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let row = self.fetch_one(sqlx::query(statements::COUNT)).await?;
        Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
    }

    async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        let query = sqlx::query(statements::OWNER).bind(generation.to_string());
        let row = self.fetch_optional(query).await?;
        row.map(|row| sql::person(row.try_get(0)?)).transpose()
    }

    async fn expire(&self, key: SessionKey) -> Result<Option<Expired>, StoreError> {
        let query = sqlx::query(statements::EXPIRE).bind(bytes(&key));
        let rows = self.fetch_all_within(SWEEP_TIMEOUT, query).await?;
        rows.first().map(expired).transpose()
    }

    async fn sweep(&self, limit: u32) -> Result<Sweep, StoreError> {
        let query = sqlx::query(statements::SWEEP).bind(i64::from(limit));
        let rows = self.fetch_all_within(SWEEP_TIMEOUT, query).await?;
        let ended: Result<Vec<_>, _> = rows.iter().map(expired).collect();
        Ok(Sweep {
            ended: ended?,
            is_more: u32::try_from(rows.len()) == Ok(limit),
        })
    }

    async fn tighten(&self, limits: SessionLimits, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(statements::TIGHTEN)
            .bind(sql::limit(limits.idle))
            .bind(sql::limit(limits.absolute))
            .bind(i64::from(limit));
        self.execute(query).await
    }

    async fn forget(&self, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(statements::FORGET)
            .bind(sql::millis(TOMBSTONE_RETENTION))
            .bind(i64::from(limit));
        self.execute(query).await
    }

    async fn keep_time(&self, limit: u32) -> Result<u64, StoreError> {
        let kept = self.fetch_one(sqlx::query(statements::KEEP_MARK)).await?;
        feed::warn_of_set_back(sql::duration(kept.try_get(1)?));
        let query = sqlx::query(statements::KEEP_TIME).bind(i64::from(limit));
        self.execute(query).await
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        let query = sqlx::query(statements::DATA).bind(bytes(&key));
        let Some(row) = self.fetch_optional(query).await? else {
            return Ok(None);
        };
        let deadline = Instant::from_millis(row.try_get(1)?);
        Ok(Some((sql::data(row.try_get(0)?)?, deadline)))
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        let query = sqlx::query(statements::SET_DATA)
            .bind(bytes(&key))
            .bind(sql::json(data)?);
        Ok(self.execute(query).await? > 0)
    }

    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        ends::follow(self, listener.as_ref()).await
    }
}

type Statement<'q> = Query<'q, Postgres, PgArguments>;

fn create(session: &NewSession) -> Result<Statement<'_>, StoreError> {
    let provider = session.provider.as_ref();
    let query = sqlx::query(statements::CREATE)
        .bind(bytes(&session.key))
        .bind(session.person.as_str())
        .bind(session.generation.to_string())
        .bind(sql::millis(session.authenticated_ago))
        .bind(sql::limit(session.limits.idle))
        .bind(sql::limit(session.limits.absolute))
        .bind(session.credential.as_deref())
        .bind(provider.map(|provider| provider.issuer.as_str()))
        .bind(provider.map(|provider| provider.subject.as_str()))
        .bind(provider.and_then(|provider| provider.session.as_deref()))
        .bind(session.origin.address.as_str())
        .bind(session.origin.browser.as_str())
        .bind(sql::json(&session.data)?);
    Ok(query)
}

fn end(key: &SessionKey, reason: EndReason) -> Statement<'_> {
    sqlx::query(statements::END)
        .bind(bytes(key))
        .bind(reason.name())
}

async fn replace(
    connection: &mut PgConnection,
    old: SessionKey,
    session: &NewSession,
) -> Result<Option<Lifetime>, StoreError> {
    let mut transaction = connection.begin().await?;
    let ended = end(&old, EndReason::Replaced)
        .execute(&mut *transaction)
        .await?;
    if ended.rows_affected() == 0 {
        return Ok(None);
    }
    let row = create(session)?.fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(Some(lifetime(&row)?))
}

fn lifetime(row: &PgRow) -> Result<Lifetime, StoreError> {
    let authenticated_at = Instant::from_millis(row.try_get(0)?);
    let last_active_at = Instant::from_millis(row.try_get(1)?);
    Ok(Lifetime::stored(authenticated_at, last_active_at))
}

/// What is known about a session that exists. The time is the column after those of the session.
fn lookup(key: SessionKey, row: &PgRow) -> Result<Lookup, StoreError> {
    Ok(Lookup {
        now: Instant::from_millis(row.try_get(7)?),
        presence: sql::presence(key, SessionColumns::from_row(row)?)?,
    })
}

fn expired(row: &PgRow) -> Result<Expired, StoreError> {
    sql::expired(ExpiredColumns::from_row(row)?)
}

fn bytes(key: &SessionKey) -> &[u8] {
    key.as_bytes()
}

/// The key in the first column.
fn key(row: &PgRow) -> Result<SessionKey, StoreError> {
    sql::key(row.try_get(0)?)
}
