//! How sessions end in SQLite, and how listeners are told.

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
    /// Carries `ending` out to its end, whoever gives up waiting for it, so that listeners are told
    /// of what it has ended.
    pub(super) async fn end_and_tell<Answer: Send + 'static>(
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

    /// Ends a session, in memory alone where there is no room to write it down. Returns whether it
    /// was live.
    pub(super) async fn end_one(
        self,
        key: SessionKey,
        reason: EndReason,
    ) -> Result<(bool, Vec<SessionKey>), StoreError> {
        if self.owed.contains(key) {
            return Ok((false, vec![key]));
        }
        let was_live = match self.execute(|now| end(key, now, reason)).await {
            Ok(ended) => ended > 0,
            Err(error) if is_disk_full(&error) => {
                let is_live = self.data(key).await?.is_some();
                if is_live {
                    self.owed.add(key, reason);
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
        let ending = self.change(|now| {
            sqlx::query(statements::END_OTHERS)
                .bind(person.to_string())
                .bind(bytes(keep))
                .bind(now)
                .bind(reason.name())
        });
        let ended = match ending.await {
            Ok(rows) => {
                let mut ended = keys(&rows)?;
                ended.retain(|key| !self.owed.remove(*key));
                ended
            }
            Err(error) if is_disk_full(&error) => {
                let listed = self.list(&person).await?;
                let others = listed.iter().map(|listed| listed.session.key);
                others
                    .filter(|key| *key != keep)
                    .inspect(|key| self.owed.add(*key, reason))
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
        if self.owed.contains(old) {
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

    /// Ends what time has ended of what `query` names.
    pub(super) async fn end_by_time(
        self,
        query: impl FnOnce(i64) -> Statement,
    ) -> Result<(Vec<Expired>, Vec<SessionKey>), StoreError> {
        let rows = self.change(query).await?;
        let expired: Result<Vec<_>, _> = rows
            .iter()
            .map(|row| sql::expired(ExpiredColumns::from_row(row)?))
            .collect();
        let expired = expired?;
        let keys = expired.iter().map(|expired| expired.key).collect();
        Ok((expired, keys))
    }

    /// Writes down up to `limit` of the ends that there was no room for. Returns whether that were
    /// all.
    pub(super) async fn write_owed(&self, limit: u32) -> Result<bool, StoreError> {
        let owed = self.owed.first(limit);
        let are_all = owed.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        for (key, reason) in owed {
            self.execute(|now| end(key, now, reason)).await?;
            self.owed.remove(key);
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

/// Returns whether `old` was live.
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
