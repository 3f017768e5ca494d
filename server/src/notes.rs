//! The notes in the workspace.

use dwell_session::Instant;
use sqlx::{Connection as _, FromRow};

use crate::{
    account_id::AccountId,
    database::Database,
    drafts::{self, DraftId},
    store::StoreError,
};

/// In characters.
const LONGEST: usize = 10_000;

/// The notes in the database.
#[derive(Debug, Clone)]
pub struct Notes {
    database: Database,
}

impl Notes {
    /// The notes in `database`.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Keeps a note, and uses up the draft of it in the same step.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn add(
        &self,
        account: AccountId,
        text: &NoteText,
        draft: Option<DraftId>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let query =
            sqlx::query("insert into notes (account, text, written_at) values ($1, $2, $3)")
                .bind(account)
                .bind(text.0.clone())
                .bind(now.as_millis());
        self.database
            .run::<_, StoreError>(move |connection| {
                Box::pin(async move {
                    let mut transaction = connection.begin().await?;
                    query.execute(&mut *transaction).await?;
                    if let Some(draft) = draft {
                        drafts::use_up(&mut *transaction, account, draft, now).await?;
                    }
                    Ok(transaction.commit().await?)
                })
            })
            .await
    }

    /// Deletes a note of this person; somebody else's stays.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn delete(&self, account: AccountId, id: i64) -> Result<(), StoreError> {
        let query = sqlx::query("delete from notes where id = $1 and account = $2")
            .bind(id)
            .bind(account);
        self.database.execute(query).await?;
        Ok(())
    }

    /// A person's notes, the newest first.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn of(&self, account: AccountId) -> Result<Vec<StoredNote>, StoreError> {
        let query = sqlx::query_as(
            "select id, text, written_at from notes where account = $1 \
             order by written_at desc, id desc",
        )
        .bind(account);
        self.database.read_all(query).await
    }
}

/// A note as it is kept.
#[derive(Debug, Clone, FromRow)]
pub struct StoredNote {
    /// Names it.
    pub id: i64,
    /// What was written.
    pub text: String,
    /// When, in milliseconds since the Unix epoch.
    pub written_at: i64,
}

/// The text of a note: not empty, and not longer than 10,000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteText(String);

impl TryFrom<&str> for NoteText {
    type Error = InvalidNote;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        // As in HTML. PostgreSQL keeps no text with a NUL in it.
        let text = text.trim().replace('\0', "\u{fffd}");
        if text.is_empty() {
            return Err(InvalidNote::Empty);
        }
        let length = text.chars().count();
        if length > LONGEST {
            return Err(InvalidNote::TooLong(length));
        }
        Ok(Self(text))
    }
}

/// A text that is no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNote {
    /// There is nothing in it.
    #[error("Write something first.")]
    Empty,
    /// It has too many characters.
    #[error("A note has at most {LONGEST} characters; this one has {0}.")]
    TooLong(usize),
}
