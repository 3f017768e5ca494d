//! The notes in the workspace.

use std::time::Duration;

use dwell::{Instant, Maintenance, PersonId, drafts::DraftId, store::StoreError};
use sha2::{Digest, Sha256};
use sqlx::{Connection as _, FromRow};

use crate::{
    accounts::AccountId,
    database::{Database, read, write},
};

/// How long a deleted note can be restored.
pub const UNDO_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

/// How many notes a person has at most.
pub const MAX_NOTES: u32 = 2_000;
/// How many notes one page shows.
pub const PAGE_SIZE: usize = 50;
/// How many deleted notes of a person can be restored; deleting one more removes the oldest.
pub const MAX_DELETED: u32 = 20;
/// The length of the longest note, in characters.
const MAX_CHARACTERS: usize = 10_000;
/// How many deleted notes are removed in one step.
const SWEEP_BATCH: u32 = 500;

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

    /// Saves a note and marks its draft as used up, in one transaction. The same text of the same
    /// draft becomes one note, however often it is sent.
    ///
    /// # Errors
    ///
    /// See [`AddNoteError`].
    pub async fn add(
        &self,
        account: AccountId,
        text: &NoteText,
        draft: Option<DraftId>,
        now: Instant,
    ) -> Result<(), AddNoteError> {
        let (text, person) = (text.0.clone(), PersonId::from(account));
        let sending = draft.map(|draft| sending(draft, &text));
        let is_kept: Result<_, StoreError> = write!(&self.database, Drafts, |connection| {
            let mut transaction = connection.begin().await?;
            sqlx::query(
                "insert into notes (account, text, written_at, sending) values ($1, $2, $3, $4) \
                 on conflict (account, sending) do update set deleted_at = null",
            )
            .bind(account)
            .bind(text)
            .bind(now.as_millis())
            .bind(sending)
            .execute(&mut *transaction)
            .await?;
            let (count,): (i64,) = sqlx::query_as(
                "select count(*) from notes where account = $1 and deleted_at is null",
            )
            .bind(account)
            .fetch_one(&mut *transaction)
            .await?;
            if count > i64::from(MAX_NOTES) {
                return Ok(false);
            }
            if let Some(draft) = draft {
                Drafts::use_up(&mut transaction, &person, draft, now).await?;
            }
            transaction.commit().await?;
            Ok::<_, StoreError>(true)
        });
        match is_kept? {
            true => Ok(()),
            false => Err(AddNoteError::TooMany),
        }
    }

    /// Whether this text of this draft has been saved as a note before, even if that note has been
    /// deleted since.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn was_saved(
        &self,
        account: AccountId,
        draft: DraftId,
        text: &NoteText,
    ) -> Result<bool, StoreError> {
        let sending = sending(draft, &text.0);
        let saved: Option<(i32,)> = read!(&self.database, |connection| {
            sqlx::query_as("select 1 from notes where account = $1 and sending = $2")
                .bind(account)
                .bind(sending)
                .fetch_optional(connection)
                .await
        })?;
        Ok(saved.is_some())
    }

    /// Deletes a note, if it belongs to this account. It can be [taken back](Self::take_back)
    /// during the [`UNDO_PERIOD`].
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn delete(
        &self,
        account: AccountId,
        id: i64,
        now: Instant,
    ) -> Result<(), StoreError> {
        write!(&self.database, |connection| {
            let mut transaction = connection.begin().await?;
            sqlx::query(
                "update notes set deleted_at = $3 \
                 where account = $1 and id = $2 and deleted_at is null",
            )
            .bind(account)
            .bind(id)
            .bind(now.as_millis())
            .execute(&mut *transaction)
            .await?;
            sqlx::query(
                "delete from notes where account = $1 and deleted_at is not null and id not in \
                 (select id from notes where account = $1 and deleted_at is not null \
                  order by deleted_at desc, id = $2 desc limit $3)",
            )
            .bind(account)
            .bind(id)
            .bind(i64::from(MAX_DELETED))
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await
        })
    }

    /// Restores a note that was deleted within the [`UNDO_PERIOD`].
    ///
    /// # Errors
    ///
    /// See [`AddNoteError`].
    pub async fn take_back(
        &self,
        account: AccountId,
        id: i64,
        now: Instant,
    ) -> Result<(), AddNoteError> {
        let has_changed = write!(&self.database, |connection| {
            sqlx::query(
                "update notes set deleted_at = null \
                 where account = $1 and id = $2 and deleted_at > $3 and \
                 (select count(*) from notes where account = $1 and deleted_at is null) < $4",
            )
            .bind(account)
            .bind(id)
            .bind((now - UNDO_PERIOD).as_millis())
            .bind(i64::from(MAX_NOTES))
            .execute(connection)
            .await
            .map(|done| done.rows_affected() > 0)
        })?;
        match !has_changed && self.is_deleted(account, id, now).await? {
            true => Err(AddNoteError::TooMany),
            false => Ok(()),
        }
    }

    /// Whether a note was deleted and can be restored.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn is_deleted(
        &self,
        account: AccountId,
        id: i64,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let (count,): (i64,) = read!(&self.database, |connection| {
            sqlx::query_as(
                "select count(*) from notes where account = $1 and id = $2 and deleted_at > $3",
            )
            .bind(account)
            .bind(id)
            .bind((now - UNDO_PERIOD).as_millis())
            .fetch_one(connection)
            .await
        })?;
        Ok(count > 0)
    }

    /// One page of a person's notes, the newest first: of all of them, or of those that are older
    /// than the note `before`.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn of(&self, account: AccountId, before: Option<i64>) -> Result<Page, StoreError> {
        let mut notes: Vec<StoredNote> = read!(&self.database, |connection| {
            sqlx::query_as(
                "select id, text, written_at from notes \
                 where account = $1 and id < $2 and deleted_at is null order by id desc limit $3",
            )
            .bind(account)
            .bind(before.unwrap_or(i64::MAX))
            .bind(PAGE_SIZE as i64 + 1)
            .fetch_all(connection)
            .await
        })?;
        let has_more = notes.len() > PAGE_SIZE;
        notes.truncate(PAGE_SIZE);
        let older_than = notes.last().filter(|_| has_more).map(|note| note.id);
        Ok(Page { notes, older_than })
    }

    /// Removes some of the deleted notes that can no longer be restored.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn sweep(&self, now: Instant) -> Result<Maintenance, StoreError> {
        let swept = write!(&self.database, |connection| {
            sqlx::query(
                "delete from notes where id in \
                 (select id from notes where deleted_at <= $1 order by deleted_at limit $2)",
            )
            .bind((now - UNDO_PERIOD).as_millis())
            .bind(i64::from(SWEEP_BATCH))
            .execute(connection)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(match swept < u64::from(SWEEP_BATCH) {
            true => Maintenance::Done,
            false => Maintenance::MoreToDo,
        })
    }
}

/// Identifies a submission: the same text of the same draft has the same value, however often it is
/// sent.
fn sending(draft: DraftId, text: &str) -> Vec<u8> {
    let hash = Sha256::new_with_prefix(draft.to_string()).chain_update(text);
    hash.finalize().to_vec()
}

/// Some of a person's notes, the newest first.
#[derive(Debug, Clone)]
pub struct Page {
    /// The notes.
    pub notes: Vec<StoredNote>,
    /// The id of the last of these notes, if there are older ones.
    pub older_than: Option<i64>,
}

/// A note as it is stored.
#[derive(Debug, Clone, FromRow)]
pub struct StoredNote {
    /// Identifies the note. Newer notes have greater ids.
    pub id: i64,
    /// The text.
    pub text: String,
    /// When it was written, in milliseconds since the Unix epoch.
    pub written_at: i64,
}

/// The text of a note: not empty, and not longer than 10,000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteText(String);

impl TryFrom<&str> for NoteText {
    type Error = InvalidNote;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        if text.trim().is_empty() {
            return Err(InvalidNote::Empty);
        }
        // Browsers end lines with both characters. PostgreSQL cannot store NUL, in place of which
        // HTML shows the replacement character.
        let text = text.replace("\r\n", "\n").replace('\0', "\u{fffd}");
        let text = text.trim_end();
        let length = text.chars().count();
        if length > MAX_CHARACTERS {
            return Err(InvalidNote::TooLong(length));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The text cannot be a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNote {
    /// The text is blank.
    #[error("Write something first.")]
    Empty,
    /// The text has this many characters, which is too many.
    #[error("A note has at most {MAX_CHARACTERS} characters; this one has {0}.")]
    TooLong(usize),
}

/// A note was not saved.
#[derive(Debug, thiserror::Error)]
pub enum AddNoteError {
    /// The person has as many notes as allowed.
    #[error("You have {MAX_NOTES} notes, and there may be no more. Delete one to make room.")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
