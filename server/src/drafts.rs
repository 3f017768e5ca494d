//! What people have typed into forms and not sent yet, kept for them (`F3`).

mod draft;
mod late;
mod rate;

use std::{sync::Arc, time::Duration};

use dwell_app::names::LONGEST_DRAFT;
use dwell_session::{Generation, Instant};
use sqlx::{AnyConnection, Connection as _};

use self::rate::Rate;
pub use self::{
    draft::{Draft, DraftId, Fate, InvalidDraftId, SaveDraftError},
    late::Late,
};
use crate::{
    account_id::AccountId,
    clock::Clock,
    database::{Database, Engine},
    sessions::Maintenance,
    store::StoreError,
};

/// How long a draft is kept after it was last saved, unless something else is configured: a long
/// weekend.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long what was discarded can be had back, and how long the id of what was sent is known.
pub const UNDO: Duration = Duration::from_secs(24 * 60 * 60);
/// How many drafts a person has at most; the oldest makes way.
pub const MOST: u32 = 20;
/// How many drafts that are used up are known of a person at most; the oldest makes way.
pub const MOST_USED_UP: u32 = 100;
/// How many drafts are kept of what is sent after the end of one session, and makes nothing way.
pub const MOST_LATE: u32 = 3;
/// How many such drafts a person has at most, of all sessions.
pub const MOST_LATE_IN_ALL: u32 = 20;

/// How many are swept at a time: whoever writes meanwhile waits for that.
const SWEPT_AT_A_TIME: u32 = 100;

/// The drafts in the database.
#[derive(Debug, Clone)]
pub struct Drafts {
    database: Database,
    clock: Arc<dyn Clock>,
    retention: Duration,
    rate: Arc<Rate>,
}

/// Where a draft comes from.
#[derive(Debug, Clone, Copy)]
pub struct Author {
    /// Who typed it.
    pub account: AccountId,
    /// The session of the page that it was typed into.
    pub session: Generation,
}

/// Where a form is, and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// The name of the form.
    pub name: &'a str,
    /// Names and values.
    pub fields: &'a [(String, String)],
}

impl Form<'_> {
    fn is_blank(&self) -> bool {
        self.fields.iter().all(|(_, value)| value.trim().is_empty())
    }

    fn json(&self) -> Result<String, SaveDraftError> {
        let json = serde_json::to_string(self.fields).map_err(StoreError::new)?;
        match json.len() > LONGEST_DRAFT {
            true => Err(SaveDraftError::TooLarge),
            false => Ok(json),
        }
    }
}

impl Drafts {
    /// The drafts in `database`, each of which is kept for `retention`.
    pub fn new(database: Database, clock: Arc<dyn Clock>, retention: Duration) -> Self {
        Self {
            database,
            clock,
            retention,
            rate: Arc::default(),
        }
    }

    /// Saves what a form holds so far, in the place of what it held before. Where all of it is
    /// blank, there is no draft any more.
    ///
    /// # Errors
    ///
    /// See [`SaveDraftError`].
    pub async fn save(
        &self,
        author: Author,
        id: DraftId,
        form: Form<'_>,
    ) -> Result<(), SaveDraftError> {
        let json = form.json()?;
        if !self.rate.allows(author.account, self.clock.now()) {
            return Err(SaveDraftError::TooOften);
        }
        if form.is_blank() {
            return Ok(self.forget(author.account, id).await?);
        }
        match self.write(author, id, form.name, json).await? {
            true => Ok(()),
            false => Err(SaveDraftError::UsedUp),
        }
    }

    /// Tells whether it was written: a draft that is used up stays so.
    async fn write(
        &self,
        author: Author,
        id: DraftId,
        form: &str,
        json: String,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let write = sqlx::query(
            "insert into drafts (account, id, form, fields, session, saved_at, expires_at) \
             values ($1, $2, $3, $4, $5, $6, $7) \
             on conflict (account, id) do update \
             set form = excluded.form, fields = excluded.fields, session = excluded.session, \
             is_late = 0, saved_at = excluded.saved_at, expires_at = excluded.expires_at \
             where drafts.used_up_at is null",
        )
        .bind(author.account)
        .bind(id.to_string())
        .bind(form.to_owned())
        .bind(json)
        .bind(author.session.to_string())
        .bind(now.as_millis())
        .bind((now + self.retention).as_millis());
        let make_way = sqlx::query(
            "delete from drafts \
             where account = $1 and used_up_at is null and is_late = 0 and id not in \
             (select id from drafts where account = $1 and used_up_at is null and is_late = 0 \
              order by saved_at desc, id = $2 desc limit $3)",
        )
        .bind(author.account)
        .bind(id.to_string())
        .bind(i64::from(MOST));
        self.database
            .run::<_, sqlx::Error>(move |connection| {
                Box::pin(async move {
                    let mut transaction = connection.begin().await?;
                    let written = write.execute(&mut *transaction).await?;
                    make_way.execute(&mut *transaction).await?;
                    transaction.commit().await?;
                    Ok(written.rows_affected() > 0)
                })
            })
            .await
    }

    async fn forget(&self, account: AccountId, id: DraftId) -> Result<(), StoreError> {
        let query =
            sqlx::query("delete from drafts where account = $1 and id = $2 and used_up_at is null")
                .bind(account)
                .bind(id.to_string());
        self.database.execute(query).await?;
        Ok(())
    }

    /// A person's drafts of the form with this name, the latest first.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn of(&self, account: AccountId, form: &str) -> Result<Vec<Draft>, StoreError> {
        let query = sqlx::query_as(
            "select id, fields, saved_at from drafts \
             where account = $1 and form = $2 and used_up_at is null and expires_at > $3 \
             order by saved_at desc, id",
        )
        .bind(account)
        .bind(form.to_owned())
        .bind(self.clock.now().as_millis());
        let rows: Vec<(String, String, i64)> = self.database.read_all(query).await?;
        let draft = |(id, fields, saved_at): (String, String, i64)| {
            Ok(Draft {
                id: id.parse().map_err(StoreError::new)?,
                fields: serde_json::from_str(&fields).map_err(StoreError::new)?,
                saved_at: Instant::from_millis(saved_at),
            })
        };
        rows.into_iter().map(draft).collect()
    }

    /// What has become of a draft that was there and is used up.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn fate(&self, account: AccountId, id: DraftId) -> Result<Option<Fate>, StoreError> {
        let query = sqlx::query_as(
            "select fields from drafts \
             where account = $1 and id = $2 and used_up_at is not null and expires_at > $3",
        )
        .bind(account)
        .bind(id.to_string())
        .bind(self.clock.now().as_millis());
        let row: Option<(Option<String>,)> = self.database.fetch_optional(query).await?;
        Ok(row.map(|(fields,)| match fields {
            Some(_) => Fate::Discarded,
            None => Fate::Sent,
        }))
    }

    /// Discards a draft, and any other that holds the same. It cannot be saved again, but had
    /// [back](Self::take_back) for a while.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn discard(&self, account: AccountId, id: DraftId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let discard = sqlx::query(
            "update drafts set used_up_at = $3, expires_at = $4 \
             where account = $1 and used_up_at is null and (id = $2 or fields = \
             (select fields from drafts where account = $1 and id = $2 and used_up_at is null))",
        )
        .bind(account)
        .bind(id.to_string())
        .bind(now.as_millis())
        .bind((now + UNDO).as_millis());
        self.database
            .run::<_, sqlx::Error>(move |connection| {
                Box::pin(async move {
                    let mut transaction = connection.begin().await?;
                    discard.execute(&mut *transaction).await?;
                    make_way_for_used_up(&mut transaction, account, id).await?;
                    transaction.commit().await
                })
            })
            .await
    }

    /// Makes a draft of what was discarded again.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn take_back(&self, account: AccountId, id: DraftId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let query = sqlx::query(
            "update drafts set used_up_at = null, expires_at = $4 \
             where account = $1 and id = $2 and used_up_at is not null and fields is not null \
             and expires_at > $3",
        )
        .bind(account)
        .bind(id.to_string())
        .bind(now.as_millis())
        .bind((now + self.retention).as_millis());
        self.database.execute(query).await?;
        Ok(())
    }

    /// Deletes some of what has expired. It was not to be seen any more since it did.
    ///
    /// # Errors
    ///
    /// The database failed. What was not deleted stays.
    pub async fn sweep(&self) -> Result<Maintenance, StoreError> {
        // Nodes that sweep at the same time do not wait for each other.
        let statement = match self.database.engine() {
            Engine::Sqlite => {
                "delete from drafts where (account, id) in \
                 (select account, id from drafts where expires_at <= $1 limit $2)"
            }
            Engine::Postgres => {
                "delete from drafts where (account, id) in \
                 (select account, id from drafts where expires_at <= $1 limit $2 \
                  for update skip locked)"
            }
        };
        let query = sqlx::query(statement)
            .bind(self.clock.now().as_millis())
            .bind(i64::from(SWEPT_AT_A_TIME));
        let swept = self.database.execute(query).await?.rows_affected();
        Ok(match swept < u64::from(SWEPT_AT_A_TIME) {
            true => Maintenance::Done,
            false => Maintenance::GoesOn,
        })
    }
}

/// Uses up a draft whose form was sent: what it held is gone, and a request to save it that comes
/// late does nothing.
///
/// # Errors
///
/// The database failed.
pub async fn use_up(
    connection: &mut AnyConnection,
    account: AccountId,
    id: DraftId,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into drafts (account, id, form, saved_at, used_up_at, expires_at) \
         values ($1, $2, '', $3, $3, $4) \
         on conflict (account, id) do update \
         set fields = null, used_up_at = excluded.used_up_at, expires_at = excluded.expires_at",
    )
    .bind(account)
    .bind(id.to_string())
    .bind(now.as_millis())
    .bind((now + UNDO).as_millis())
    .execute(&mut *connection)
    .await?;
    make_way_for_used_up(connection, account, id).await?;
    Ok(())
}

async fn make_way_for_used_up(
    connection: &mut AnyConnection,
    account: AccountId,
    latest: DraftId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from drafts where account = $1 and used_up_at is not null and id not in \
         (select id from drafts where account = $1 and used_up_at is not null \
          order by used_up_at desc, id = $2 desc limit $3)",
    )
    .bind(account)
    .bind(latest.to_string())
    .bind(i64::from(MOST_USED_UP))
    .execute(connection)
    .await?;
    Ok(())
}
