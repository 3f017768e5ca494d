//! What people have typed into forms and not sent yet, kept for them (`F3`).

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use dwell_session::Instant;
use sqlx::{AnyExecutor, Connection as _};

use crate::{account_id::AccountId, clock::Clock, database::Database, store::StoreError};

/// How long a draft is kept after it was last saved.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
/// How many drafts a person has at most; the oldest makes way.
pub const MOST: u32 = 20;
/// The longest draft, in bytes of JSON.
pub const LONGEST: usize = 64 * 1024;

/// The drafts in the database.
#[derive(Debug, Clone)]
pub struct Drafts {
    database: Database,
    clock: Arc<dyn Clock>,
}

impl Drafts {
    /// The drafts in `database`.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Saves what a form holds so far, in the place of what it held before. Where all of it is
    /// blank, there is no draft any more.
    ///
    /// # Errors
    ///
    /// See [`SaveDraftError`].
    pub async fn save(
        &self,
        account: AccountId,
        id: DraftId,
        form: &str,
        fields: &[(String, String)],
    ) -> Result<(), SaveDraftError> {
        if fields.iter().all(|(_, value)| value.trim().is_empty()) {
            return Ok(self.forget(account, id).await?);
        }
        let json = serde_json::to_string(fields).map_err(StoreError::new)?;
        if json.len() > LONGEST {
            return Err(SaveDraftError::TooLarge);
        }
        if self.write(account, id, form, &json).await? {
            Ok(())
        } else {
            Err(SaveDraftError::UsedUp)
        }
    }

    /// Tells whether it was written: a draft that is used up stays so.
    async fn write(
        &self,
        account: AccountId,
        id: DraftId,
        form: &str,
        json: &str,
    ) -> Result<bool, StoreError> {
        let write = sqlx::query(
            "insert into drafts (account, id, form, fields, saved_at) values ($1, $2, $3, $4, $5) \
             on conflict (account, id) do update \
             set form = excluded.form, fields = excluded.fields, saved_at = excluded.saved_at \
             where drafts.fields is not null",
        )
        .bind(account)
        .bind(id.to_string())
        .bind(form.to_owned())
        .bind(json.to_owned())
        .bind(self.clock.now().as_millis());
        let make_way = sqlx::query(
            "delete from drafts where account = $1 and fields is not null and id not in \
             (select id from drafts where account = $1 and fields is not null \
              order by saved_at desc, id = $2 desc limit $3)",
        )
        .bind(account)
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
            sqlx::query("delete from drafts where account = $1 and id = $2 and fields is not null")
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
             where account = $1 and form = $2 and fields is not null and saved_at > $3 \
             order by saved_at desc, id",
        )
        .bind(account)
        .bind(form.to_owned())
        .bind((self.clock.now() - RETENTION).as_millis());
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

    /// Discards a draft. It cannot be saved again.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn discard(&self, account: AccountId, id: DraftId) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.database
            .run(move |connection| Box::pin(use_up(connection, account, id, now)))
            .await
    }

    /// Deletes what has expired. It was not to be seen any more since it did.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let query = sqlx::query("delete from drafts where saved_at <= $1")
            .bind((self.clock.now() - RETENTION).as_millis());
        self.database.execute(query).await?;
        Ok(())
    }
}

/// Uses up a draft: what it held is gone, and a request to save it that comes late does nothing.
///
/// # Errors
///
/// The database failed.
pub async fn use_up(
    executor: impl AnyExecutor<'_>,
    account: AccountId,
    id: DraftId,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into drafts (account, id, form, fields, saved_at) values ($1, $2, '', null, $3) \
         on conflict (account, id) do update \
         set form = excluded.form, fields = excluded.fields, saved_at = excluded.saved_at",
    )
    .bind(account)
    .bind(id.to_string())
    .bind(now.as_millis())
    .execute(executor)
    .await?;
    Ok(())
}

/// What a form held when it was saved last.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Names it among the person's.
    pub id: DraftId,
    /// Names and values, in the order of the form.
    pub fields: Vec<(String, String)>,
    /// When that was.
    pub saved_at: Instant,
}

impl Draft {
    /// The value of a field; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value)
    }
}

/// Names a draft: made afresh with each form that is shown, so that two tabs have two drafts.
///
/// 128 random bits in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DraftId(u128);

impl DraftId {
    /// An id that no draft has had.
    pub fn fresh() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for DraftId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for DraftId {
    type Err = InvalidDraftId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(InvalidDraftId);
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| InvalidDraftId)
    }
}

/// A text that is no [`DraftId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a draft is 32 hexadecimal digits in lower case")]
pub struct InvalidDraftId;

/// A draft was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveDraftError {
    /// Its form has been sent or discarded.
    #[error("the form of this draft has been sent or discarded")]
    UsedUp,
    /// It is longer than 64 KiB.
    #[error("a draft has at most {LONGEST} bytes")]
    TooLarge,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
