//! Sessions in an SQL database.

mod feed;
mod owed;
mod rows;
mod statements;

use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime, Policy};
use sqlx::Connection as _;

use self::{
    owed::OwedEnds,
    rows::{Row, SweptRow, key},
    statements::{KEEP_MARK, MARK, POSTGRES, SQLITE, Statements},
};
use super::{
    Data, ListedSession, Listener, NewSession, Presence, SessionKey, Sighting, Store, StoreError,
    Sweep, Swept, TOMBSTONE_RETENTION, json, listeners::Listeners, millis,
};
use crate::{
    account_id::AccountId,
    clock::Clock,
    database::{Database, Engine, Question, Readable, Statement, has_no_room},
};

/// What a sweep has ended is told in its answer alone, so it is given up only where the connection
/// is lost for sure.
const SWEEP_PATIENCE: Duration = Duration::from_secs(60);

/// A [`Store`] on SQLite, whose clock is the process's, or on PostgreSQL, whose clock is its own.
#[derive(Debug, Clone)]
pub struct SqlStore {
    database: Database,
    statements: &'static Statements,
    clock: Arc<dyn Clock>,
    idle_ms: i64,
    absolute_ms: i64,
    /// On SQLite, which tells nobody itself.
    listeners: Listeners,
    owed: OwedEnds,
}

impl SqlStore {
    /// The store in `database`, under `policy`. PostgreSQL has no use for `clock`.
    pub fn new(database: Database, clock: Arc<dyn Clock>, policy: &Policy) -> Self {
        let statements = match database.engine() {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        Self {
            database,
            statements,
            clock,
            idle_ms: millis(policy.idle()),
            absolute_ms: millis(policy.absolute()),
            listeners: Listeners::default(),
            owed: OwedEnds::default(),
        }
    }

    /// The time at which the clock of a process is to begin at the earliest that keeps sessions in
    /// an embedded `database`.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn mark(database: &Database) -> Result<Option<Instant>, StoreError> {
        let mark: Option<(i64,)> = database.fetch_optional(sqlx::query_as(MARK)).await?;
        Ok(mark.map(|(mark,)| Instant::from_millis(mark)))
    }

    /// A statement with the parameters that each has.
    fn query(&self, statement: &'static str) -> Statement {
        sqlx::query(statement)
            .bind(self.clock.now().as_millis())
            .bind(self.idle_ms)
            .bind(self.absolute_ms)
    }

    /// As [`query`](Self::query), for one that answers with rows.
    fn query_as<Row: Readable>(&self, statement: &'static str) -> Question<Row> {
        sqlx::query_as(statement)
            .bind(self.clock.now().as_millis())
            .bind(self.idle_ms)
            .bind(self.absolute_ms)
    }

    fn creation(&self, session: &NewSession) -> Result<Question<(i64,)>, StoreError> {
        let query = self
            .query_as(self.statements.create)
            .bind(session.key.bytes())
            .bind(session.account)
            .bind(session.generation.to_string())
            .bind(session.origin.address.clone())
            .bind(session.origin.browser.clone())
            .bind(json(&session.data)?);
        Ok(query)
    }

    fn end_of(&self, key: SessionKey, reason: EndReason) -> Statement {
        self.query(self.statements.end)
            .bind(key.bytes())
            .bind(reason.name())
    }

    /// Carries `ending` out to its end, whoever gives up waiting for it, so that what it ends is
    /// told.
    async fn tell_all<Answer: Send + 'static>(
        &self,
        ending: impl Future<Output = Result<(Answer, Vec<SessionKey>), StoreError>> + Send + 'static,
    ) -> Result<Answer, StoreError> {
        let listeners = self.listeners.clone();
        let ended = tokio::spawn(async move {
            let (answer, ended) = ending.await?;
            for key in ended {
                listeners.tell(key);
            }
            Ok(answer)
        });
        ended.await.map_err(StoreError::new)?
    }

    async fn rotate_to_the_end(
        self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<(Option<Lifetime>, Vec<SessionKey>), StoreError> {
        if self.owed.has(old) {
            return Ok((None, Vec::new()));
        }
        let end = self.end_of(old, EndReason::Replaced);
        let create = self.creation(&session)?;
        let began_at = self.database.run::<_, sqlx::Error>(|connection| {
            Box::pin(async move {
                let mut transaction = connection.begin().await?;
                if end.execute(&mut *transaction).await?.rows_affected() == 0 {
                    return Ok(None);
                }
                let (now,) = create.fetch_one(&mut *transaction).await?;
                transaction.commit().await?;
                Ok(Some(Instant::from_millis(now)))
            })
        });
        Ok(match began_at.await? {
            Some(now) => (Some(Lifetime::begin(now)), vec![old]),
            None => (None, Vec::new()),
        })
    }

    async fn end_others_to_the_end(
        self,
        account: AccountId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<(Vec<SessionKey>, Vec<SessionKey>), StoreError> {
        let query = self
            .query_as(self.statements.end_others)
            .bind(keep.bytes())
            .bind(reason.name())
            .bind(account);
        let ended: Vec<SessionKey> = match self.database.fetch_all(query).await {
            Ok(ended) => {
                let ended: Vec<(Vec<u8>,)> = ended;
                let keys: Result<Vec<_>, _> = ended.iter().map(|(bytes,)| key(bytes)).collect();
                let mut keys = keys?;
                keys.retain(|key| !self.owed.settle(*key));
                keys
            }
            Err(error) if has_no_room(&error) => {
                let mut others = self.list(account).await?;
                others.retain(|other| other.session.key != keep);
                let keys = others.iter().map(|other| other.session.key);
                keys.inspect(|key| self.owed.owe(*key, reason)).collect()
            }
            Err(error) => return Err(error),
        };
        Ok((ended.clone(), ended))
    }

    /// Ends a session, in memory alone where there is no room to write it down. Tells whether it
    /// was live.
    async fn end_to_the_end(
        self,
        key: SessionKey,
        reason: EndReason,
    ) -> Result<(bool, Vec<SessionKey>), StoreError> {
        if self.owed.has(key) {
            return Ok((false, vec![key]));
        }
        let was_live = match self.database.execute(self.end_of(key, reason)).await {
            Ok(ended) => ended.rows_affected() > 0,
            Err(error) if has_no_room(&error) => {
                let is_live = self.data(key).await?.is_some();
                if is_live {
                    self.owed.owe(key, reason);
                }
                is_live
            }
            Err(error) => return Err(error),
        };
        Ok((was_live, vec![key]))
    }

    /// Writes down up to `most` of the ends that there was no room for. Tells whether that were all.
    async fn write_owed(&self, most: u32) -> Result<bool, StoreError> {
        let owed = self.owed.some(most);
        let are_all = owed.len() < usize::try_from(most).unwrap_or(usize::MAX);
        for (key, reason) in owed {
            self.database.execute(self.end_of(key, reason)).await?;
            self.owed.settle(key);
        }
        Ok(are_all)
    }

    /// Ends what time has ended of what `query` names.
    async fn end_by_time(
        self,
        query: Question<SweptRow>,
    ) -> Result<(Vec<Swept>, Vec<SessionKey>), StoreError> {
        let rows: Vec<SweptRow> = self
            .database
            .run_within(SWEEP_PATIENCE, |connection| {
                Box::pin(query.fetch_all(connection))
            })
            .await?;
        let swept: Result<Vec<Swept>, _> = rows.into_iter().map(Swept::try_from).collect();
        let swept = swept?;
        let keys = swept.iter().map(|swept| swept.key).collect();
        Ok((swept, keys))
    }

    fn query_by_time(&self, statement: &'static str) -> Question<SweptRow> {
        self.query_as(statement)
            .bind(EndReason::IdleTimeout.name())
            .bind(EndReason::AbsoluteTimeout.name())
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn ping(&self) -> Result<(), StoreError> {
        let query = sqlx::query_as("select 1 from sessions limit 1");
        let _: Option<(i32,)> = self.database.read_optional(query).await?;
        Ok(())
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        let query = self.query_as(self.statements.now);
        let (now,) = self.database.read_one(query).await?;
        Ok(Instant::from_millis(now))
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        let (now,) = self.database.fetch_one(self.creation(&session)?).await?;
        Ok(Lifetime::begin(Instant::from_millis(now)))
    }

    async fn find(&self, key: SessionKey) -> Result<Sighting, StoreError> {
        let query = self.query_as(self.statements.find).bind(key.bytes());
        let row: Option<Row> = self.database.read_optional(query).await?;
        match row {
            Some(row) => Ok(self.owed.correct(key, row.try_into()?)),
            None => Ok(Sighting {
                now: self.now().await?,
                presence: Presence::Unknown,
            }),
        }
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Sighting, StoreError> {
        let query = self
            .query_as(self.statements.touch)
            .bind(key.bytes())
            .bind(at.as_millis());
        let touched: Option<Row> = match self.database.fetch_optional(query).await {
            Ok(touched) => touched,
            // It is not moved, as the answer tells: whoever wants to look, or to sign out, can.
            Err(error) if has_no_room(&error) => None,
            Err(error) => return Err(error),
        };
        match touched {
            Some(row) => Ok(self.owed.correct(key, row.try_into()?)),
            None => self.find(key).await,
        }
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        let touches: Vec<_> = touches
            .iter()
            .map(|(key, at)| (key.digits(), at.as_millis()))
            .collect();
        let touches = serde_json::to_string(&touches).map_err(StoreError::new)?;
        let query = self.query_as(self.statements.touch_all).bind(touches);
        let touched: Vec<(Vec<u8>, i64)> = self.database.fetch_all(query).await?;
        let touched = touched.iter();
        touched
            .map(|(bytes, at)| Ok((key(bytes)?, Instant::from_millis(*at))))
            .collect()
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        let keys: Vec<_> = keys.iter().map(|key| key.digits()).collect();
        let keys = serde_json::to_string(&keys).map_err(StoreError::new)?;
        let query = self.query_as(self.statements.live_among).bind(keys);
        let live: Vec<(Vec<u8>,)> = self.database.read_all(query).await?;
        let live: Result<Vec<_>, _> = live.iter().map(|(bytes,)| key(bytes)).collect();
        let mut live = live?;
        live.retain(|key| !self.owed.has(*key));
        Ok(live)
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        self.tell_all(self.clone().rotate_to_the_end(old, session))
            .await
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        self.tell_all(self.clone().end_to_the_end(key, reason))
            .await
    }

    async fn end_others(
        &self,
        account: AccountId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        self.tell_all(self.clone().end_others_to_the_end(account, keep, reason))
            .await
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ListedSession>, StoreError> {
        let query = self.query_as(self.statements.list).bind(account);
        let rows: Vec<Row> = self.database.read_all(query).await?;
        let listed: Result<Vec<_>, _> = rows.into_iter().map(ListedSession::try_from).collect();
        let mut listed = listed?;
        listed.retain(|listed| !self.owed.has(listed.session.key));
        Ok(listed)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let query = sqlx::query_as("select count(*) from sessions where ended_at is null");
        let (count,): (i64,) = self.database.read_one(query).await?;
        Ok(count.unsigned_abs())
    }

    async fn owner(&self, generation: Generation) -> Result<Option<AccountId>, StoreError> {
        let query = sqlx::query_as("select account from sessions where generation = $1")
            .bind(generation.to_string());
        let owner: Option<(AccountId,)> = self.database.read_optional(query).await?;
        Ok(owner.map(|(account,)| account))
    }

    async fn expire(&self, key: SessionKey) -> Result<Option<Swept>, StoreError> {
        let query = self.query_by_time(self.statements.expire).bind(key.bytes());
        let swept = self.tell_all(self.clone().end_by_time(query)).await?;
        Ok(swept.into_iter().next())
    }

    async fn sweep(&self, most: u32) -> Result<Sweep, StoreError> {
        let are_all_written = self.write_owed(most).await?;
        let query = self
            .query_by_time(self.statements.sweep)
            .bind(i64::from(most));
        let ended = self.tell_all(self.clone().end_by_time(query)).await?;
        let is_more = u32::try_from(ended.len()) == Ok(most) || !are_all_written;
        Ok(Sweep { ended, is_more })
    }

    async fn forget(&self, most: u32) -> Result<u64, StoreError> {
        let query = self
            .query(self.statements.forget)
            .bind(millis(TOMBSTONE_RETENTION))
            .bind(i64::from(most));
        Ok(self.database.execute(query).await?.rows_affected())
    }

    async fn keep_time(&self, most: u32) -> Result<u64, StoreError> {
        let store = self.clone();
        let brought_back = self.database.run::<_, sqlx::Error>(|connection| {
            // SQLite is told the time: what it is when nobody else writes any more, or else a touch
            // that was written while this waited would be later than now.
            Box::pin(async move {
                if store.database.engine() == Engine::Sqlite {
                    store.query(KEEP_MARK).execute(&mut *connection).await?;
                }
                let query = store.query(store.statements.bring_back);
                query.bind(i64::from(most)).execute(connection).await
            })
        });
        Ok(brought_back.await?.rows_affected())
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        if self.owed.has(key) {
            return Ok(None);
        }
        let query = self.query_as(self.statements.data).bind(key.bytes());
        let row: Option<(String, i64)> = self.database.read_optional(query).await?;
        let Some((data, deadline)) = row else {
            return Ok(None);
        };
        let data = serde_json::from_str(&data).map_err(StoreError::new)?;
        Ok(Some((data, Instant::from_millis(deadline))))
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        if self.owed.has(key) {
            return Ok(false);
        }
        let query = self
            .query(self.statements.set_data)
            .bind(key.bytes())
            .bind(json(data)?);
        let saved = self.database.execute(query).await?;
        Ok(saved.rows_affected() > 0)
    }

    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        match self.database.engine() {
            Engine::Sqlite => {
                // What has been changed before is nothing to begin anew for.
                if let Err(error) = feed::has_been_changed(&self.database).await {
                    return error;
                }
                let _registration = self.listeners.add(Arc::clone(&listener));
                feed::watch(self, listener.as_ref()).await
            }
            Engine::Postgres => feed::follow_ends(self, listener.as_ref()).await,
        }
    }
}
