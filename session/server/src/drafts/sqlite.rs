//! Drafts in SQLite.

use async_trait::async_trait;
use dwell_session::Instant;
use sqlx::{Connection as _, SqliteConnection};

use super::{
    DraftId, DraftStore, LateLimits, LateSave, MAX_USED_UP, NewDraft, StoredDraft,
    USED_UP_RETENTION, row::Row,
};
use crate::{PersonId, sqlite::Database, store::StoreError};

/// Drafts in the table `dwell_drafts` of an SQLite database.
#[derive(Debug, Clone)]
pub struct SqliteDrafts {
    database: Database,
}

impl SqliteDrafts {
    /// The drafts in `database`.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Uses up a draft whose form was sent. Call this in the transaction that inserts what was
    /// sent. The content of the draft is deleted, and late requests to save it are refused. The
    /// draft does not have to exist. `now` is the current time by the clock of the drafts.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn use_up(
        connection: &mut SqliteConnection,
        person: &PersonId,
        id: DraftId,
        now: Instant,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "insert into dwell_drafts \
             (person, id, form, session, is_late, saved_at, used_up_at, expires_at) \
             values (?1, ?2, '', '', 0, ?3, ?3, ?4) \
             on conflict (person, id) do update \
             set fields = null, used_up_at = excluded.used_up_at, \
             expires_at = excluded.expires_at",
        )
        .bind(person.to_string())
        .bind(id.to_string())
        .bind(now.as_millis())
        .bind((now + USED_UP_RETENTION).as_millis())
        .execute(&mut *connection)
        .await?;
        delete_oldest_used_up(connection, person, id).await?;
        Ok(())
    }
}

#[async_trait]
impl DraftStore for SqliteDrafts {
    async fn save(&self, draft: NewDraft<'_>, max_per_person: u32) -> Result<bool, StoreError> {
        let save = sqlx::query(
            "insert into dwell_drafts \
             (person, id, form, fields, session, is_late, saved_at, expires_at) \
             values (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7) \
             on conflict (person, id) do update \
             set form = excluded.form, fields = excluded.fields, session = excluded.session, \
             is_late = 0, saved_at = excluded.saved_at, expires_at = excluded.expires_at \
             where dwell_drafts.used_up_at is null",
        )
        .bind(draft.person.to_string())
        .bind(draft.id.to_string())
        .bind(draft.form.to_owned())
        .bind(draft.fields.to_owned())
        .bind(draft.session.to_string())
        .bind(draft.saved_at.as_millis())
        .bind(draft.expires_at.as_millis());
        let delete_oldest = sqlx::query(
            "delete from dwell_drafts \
             where person = ?1 and used_up_at is null and is_late = 0 and id not in \
             (select id from dwell_drafts \
              where person = ?1 and used_up_at is null and is_late = 0 \
              order by saved_at desc, id = ?2 desc limit ?3)",
        )
        .bind(draft.person.to_string())
        .bind(draft.id.to_string())
        .bind(i64::from(max_per_person));
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let mut transaction = connection.begin_with("begin immediate").await?;
                    let saved = save.execute(&mut *transaction).await?;
                    delete_oldest.execute(&mut *transaction).await?;
                    transaction.commit().await?;
                    Ok::<_, StoreError>(saved.rows_affected() > 0)
                })
            })
            .await
    }

    async fn insert_late(
        &self,
        draft: NewDraft<'_>,
        limits: LateLimits,
    ) -> Result<LateSave, StoreError> {
        let insert = sqlx::query(
            "insert into dwell_drafts \
             (person, id, form, fields, session, is_late, saved_at, expires_at) \
             values (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7) \
             on conflict (person, id) do nothing",
        );
        self.write_late(insert, draft, limits).await
    }

    async fn replace_late(
        &self,
        draft: NewDraft<'_>,
        limits: LateLimits,
    ) -> Result<LateSave, StoreError> {
        let replace = sqlx::query(
            "update dwell_drafts set fields = ?4, is_late = 1, saved_at = ?6, expires_at = ?7 \
             where person = ?1 and id = ?2 and form = ?3 and session = ?5 \
             and used_up_at is null",
        );
        self.write_late(replace, draft, limits).await
    }

    async fn delete(&self, person: &PersonId, id: DraftId) -> Result<(), StoreError> {
        let delete = sqlx::query(
            "delete from dwell_drafts where person = ?1 and id = ?2 and used_up_at is null",
        )
        .bind(person.to_string())
        .bind(id.to_string());
        self.execute(delete).await?;
        Ok(())
    }

    async fn find(
        &self,
        person: &PersonId,
        id: DraftId,
    ) -> Result<Option<StoredDraft>, StoreError> {
        let find = sqlx::query_as(
            "select id, form, fields, session, saved_at, used_up_at, expires_at \
             from dwell_drafts where person = ?1 and id = ?2",
        )
        .bind(person.to_string())
        .bind(id.to_string());
        let row: Option<Row> = self
            .database
            .read(move |connection| Box::pin(find.fetch_optional(connection)))
            .await?;
        row.map(StoredDraft::try_from).transpose()
    }

    async fn list(
        &self,
        person: &PersonId,
        form: &str,
        now: Instant,
    ) -> Result<Vec<StoredDraft>, StoreError> {
        let list = sqlx::query_as(
            "select id, form, fields, session, saved_at, used_up_at, expires_at \
             from dwell_drafts \
             where person = ?1 and form = ?2 and used_up_at is null and expires_at > ?3 \
             order by saved_at desc, id",
        )
        .bind(person.to_string())
        .bind(form.to_owned())
        .bind(now.as_millis());
        let rows: Vec<Row> = self
            .database
            .read(move |connection| Box::pin(list.fetch_all(connection)))
            .await?;
        rows.into_iter().map(StoredDraft::try_from).collect()
    }

    async fn contains(
        &self,
        person: &PersonId,
        form: &str,
        fields: &str,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let contains = sqlx::query_scalar(
            "select exists (select 1 from dwell_drafts \
             where person = ?1 and form = ?2 and fields = ?3 and used_up_at is null \
             and expires_at > ?4)",
        )
        .bind(person.to_string())
        .bind(form.to_owned())
        .bind(fields.to_owned())
        .bind(now.as_millis());
        self.database
            .read(move |connection| Box::pin(contains.fetch_one(connection)))
            .await
    }

    async fn discard(
        &self,
        person: &PersonId,
        id: DraftId,
        now: Instant,
        expires_at: Instant,
    ) -> Result<(), StoreError> {
        let discard = sqlx::query(
            "update dwell_drafts set used_up_at = ?3, expires_at = ?4 \
             where person = ?1 and used_up_at is null and (form, fields) in \
             (select form, fields from dwell_drafts \
              where person = ?1 and id = ?2 and used_up_at is null)",
        )
        .bind(person.to_string())
        .bind(id.to_string())
        .bind(now.as_millis())
        .bind(expires_at.as_millis());
        let person = person.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let mut transaction = connection.begin_with("begin immediate").await?;
                    discard.execute(&mut *transaction).await?;
                    delete_oldest_used_up(&mut transaction, &person, id).await?;
                    transaction.commit().await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await
    }

    async fn restore(
        &self,
        person: &PersonId,
        id: DraftId,
        discarded_after: Instant,
        expires_at: Instant,
    ) -> Result<bool, StoreError> {
        let restore = sqlx::query(
            "update dwell_drafts set used_up_at = null, expires_at = ?4 \
             where person = ?1 and id = ?2 and fields is not null and used_up_at > ?3",
        )
        .bind(person.to_string())
        .bind(id.to_string())
        .bind(discarded_after.as_millis())
        .bind(expires_at.as_millis());
        Ok(self.execute(restore).await? > 0)
    }

    async fn use_up(&self, person: &PersonId, id: DraftId, now: Instant) -> Result<(), StoreError> {
        let person = person.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let mut transaction = connection.begin_with("begin immediate").await?;
                    Self::use_up(&mut transaction, &person, id, now).await?;
                    transaction.commit().await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await
    }

    async fn sweep(&self, now: Instant, limit: u32) -> Result<u64, StoreError> {
        let sweep = sqlx::query(
            "delete from dwell_drafts where (person, id) in \
             (select person, id from dwell_drafts where expires_at <= ?1 limit ?2)",
        )
        .bind(now.as_millis())
        .bind(i64::from(limit));
        self.execute(sweep).await
    }
}

/// A statement that returns no rows.
type Statement = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

impl SqliteDrafts {
    /// Executes a statement and returns the number of rows that it has changed.
    async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        let done = self
            .database
            .write(move |connection| Box::pin(statement.execute(connection)))
            .await?;
        Ok(done.rows_affected())
    }

    /// Executes `write` with the values of `draft`, unless the person has too many other late
    /// drafts.
    async fn write_late(
        &self,
        write: Statement,
        draft: NewDraft<'_>,
        limits: LateLimits,
    ) -> Result<LateSave, StoreError> {
        let count = sqlx::query_as(
            "select count(*) filter (where session = ?3), count(*) from dwell_drafts \
             where person = ?1 and id <> ?2 and is_late = 1",
        )
        .bind(draft.person.to_string())
        .bind(draft.id.to_string())
        .bind(draft.session.to_string());
        let write = write
            .bind(draft.person.to_string())
            .bind(draft.id.to_string())
            .bind(draft.form.to_owned())
            .bind(draft.fields.to_owned())
            .bind(draft.session.to_string())
            .bind(draft.saved_at.as_millis())
            .bind(draft.expires_at.as_millis());
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let mut transaction = connection.begin_with("begin immediate").await?;
                    let others: (i64, i64) = count.fetch_one(&mut *transaction).await?;
                    if limits.are_reached_by(others) {
                        transaction.rollback().await?;
                        return Ok(LateSave::TooMany);
                    }
                    let written = write.execute(&mut *transaction).await?;
                    transaction.commit().await?;
                    Ok::<_, StoreError>(match written.rows_affected() {
                        0 => LateSave::IdTaken,
                        _ => LateSave::Saved,
                    })
                })
            })
            .await
    }
}

async fn delete_oldest_used_up(
    connection: &mut SqliteConnection,
    person: &PersonId,
    latest: DraftId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from dwell_drafts where person = ?1 and used_up_at is not null and id not in \
         (select id from dwell_drafts where person = ?1 and used_up_at is not null \
          order by used_up_at desc, id = ?2 desc limit ?3)",
    )
    .bind(person.to_string())
    .bind(latest.to_string())
    .bind(i64::from(MAX_USED_UP))
    .execute(connection)
    .await?;
    Ok(())
}
