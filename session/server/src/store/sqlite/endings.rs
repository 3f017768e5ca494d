//! The operations that end sessions in SQLite, and that report the ends to the listeners.

use dwell_session::{EndReason, Instant, Lifetime};
use sqlx::{Connection as _, FromRow as _, SqliteConnection};

use super::{SqliteStore, Statement, bytes, create, keys, lifetime, statements};
use crate::{
    PersonId,
    sqlite::is_disk_full,
    store::{
        Expired, NewSession, SessionKey, Store as _, StoreError,
        sql::{self, ExpiredColumns},
    },
};

impl SqliteStore {
    /// Runs `ending` to its end, even if the caller stops waiting for it, so that the listeners are
    /// always told which sessions it has ended.
    pub(super) async fn end_and_notify<Answer: Send + 'static>(
        &self,
        ending: impl Future<Output = Result<(Answer, Vec<SessionKey>), StoreError>> + Send + 'static,
    ) -> Result<Answer, StoreError> {
        let listeners = self.listeners.clone();
        let ended = tokio::spawn(async move {
            let (answer, ended) = ending.await?;
            for key in ended {
                listeners.notify(key);
            }
            Ok(answer)
        });
        ended.await.map_err(StoreError::new)?
    }

    /// Ends a session. If the disk is full, the session is only ended in memory. Returns whether it
    /// was live.
    pub(super) async fn end_one(
        self,
        key: SessionKey,
        reason: EndReason,
    ) -> Result<(bool, Vec<SessionKey>), StoreError> {
        if self.unwritten.contains(key) {
            return Ok((false, vec![key]));
        }
        let was_live = match self.execute(|now| end(key, now, reason)).await {
            Ok(ended) => ended > 0,
            Err(error) if is_disk_full(&error) => {
                let is_live = self.data(key).await?.is_some();
                if is_live {
                    self.unwritten.add(key, reason);
                }
                is_live
            }
            Err(error) => return Err(error),
        };
        Ok((was_live, vec![key]))
    }

    pub(super) async fn end_all_but(
        self,
        person: PersonId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<(Vec<SessionKey>, Vec<SessionKey>), StoreError> {
        let ending = self.execute_returning(|now| {
            sqlx::query(statements::END_OTHERS)
                .bind(person.to_string())
                .bind(bytes(keep))
                .bind(now)
                .bind(reason.name())
        });
        let ended = match ending.await {
            Ok(rows) => {
                let mut ended = keys(&rows)?;
                ended.retain(|key| !self.unwritten.remove(*key));
                ended
            }
            Err(error) if is_disk_full(&error) => {
                let listed = self.list(&person).await?;
                let others = listed.iter().map(|listed| listed.session.key);
                others
                    .filter(|key| *key != keep)
                    .inspect(|key| self.unwritten.add(*key, reason))
                    .collect()
            }
            Err(error) => return Err(error),
        };
        Ok((ended.clone(), ended))
    }

    pub(super) async fn replace(
        self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<(Option<Lifetime>, Vec<SessionKey>), StoreError> {
        if self.unwritten.contains(old) {
            return Ok((None, Vec::new()));
        }
        let mut lease = self.database.writer().await?;
        let now = self.clock.now();
        let replaced = replace_on(lease.connection()?, old, &session, now).await;
        Ok(match self.database.finish(lease, replaced)? {
            true => (Some(lifetime(&session, now)), vec![old]),
            false => (None, Vec::new()),
        })
    }

    /// Ends the sessions whose time is over, with the statement that `query` makes from the time.
    pub(super) async fn end_by_time(
        self,
        query: impl FnOnce(i64) -> Statement,
    ) -> Result<(Vec<Expired>, Vec<SessionKey>), StoreError> {
        let rows = self.execute_returning(query).await?;
        let expired: Result<Vec<_>, _> = rows
            .iter()
            .map(|row| sql::expired(ExpiredColumns::from_row(row)?))
            .collect();
        let expired = expired?;
        let keys = expired.iter().map(|expired| expired.key).collect();
        Ok((expired, keys))
    }

    /// Writes up to `limit` of the ends that could not be written before. Returns whether there are
    /// no more of them.
    pub(super) async fn write_unwritten(&self, limit: u32) -> Result<bool, StoreError> {
        let unwritten = self.unwritten.first(limit);
        let are_all = unwritten.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        for (key, reason) in unwritten {
            self.execute(|now| end(key, now, reason)).await?;
            self.unwritten.remove(key);
        }
        Ok(are_all)
    }
}

fn end(key: SessionKey, now: i64, reason: EndReason) -> Statement {
    sqlx::query(statements::END)
        .bind(bytes(key))
        .bind(now)
        .bind(reason.name())
}

/// Replaces the session `old` by `session`. Returns whether `old` was live.
async fn replace_on(
    connection: &mut SqliteConnection,
    old: SessionKey,
    session: &NewSession,
    now: Instant,
) -> Result<bool, StoreError> {
    let mut transaction = connection.begin().await?;
    let ended = end(old, now.as_millis(), EndReason::Replaced)
        .execute(&mut *transaction)
        .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    create(session, now)?.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(true)
}
