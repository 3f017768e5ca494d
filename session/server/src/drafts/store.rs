//! The trait for stores of drafts.

use std::fmt;

use async_trait::async_trait;
use dwell_session::{Generation, Instant};

use super::DraftId;
use crate::{PersonId, store::StoreError};

/// A store of drafts.
///
/// Each operation is one atomic step. The rules for drafts are in [`Drafts`](super::Drafts), and a
/// store only does what is described here. A draft is *open* as long as it is not used up. A draft
/// is identified by its person and its id together, so that nobody can reach the drafts of others.
/// Only [`list`](Self::list), [`contains`](Self::contains) and [`sweep`](Self::sweep) heed
/// whether a draft has expired.
///
/// No method has a default implementation, so that the compiler reports an incomplete store. Every
/// method fails if the store does not answer, or if it contains something that it has not written.
#[async_trait]
pub trait DraftStore: fmt::Debug + Send + Sync + 'static {
    /// Inserts an open draft, or replaces the open draft with the same id, which then no longer
    /// counts as late. Then deletes all but the `max_per_person` most recently saved of the
    /// person's open drafts that are not late. If several were saved at the same time, the one that
    /// was just saved stays. Returns whether the draft was written; it is not written if the draft
    /// with this id is used up.
    async fn save(&self, draft: NewDraft<'_>, max_per_person: u32) -> Result<bool, StoreError>;

    /// Inserts an open draft that counts as late, unless a limit is reached or the person has
    /// another draft with this id.
    async fn insert_late(
        &self,
        draft: NewDraft<'_>,
        limits: LateLimits,
    ) -> Result<LateSave, StoreError>;

    /// Replaces the content of the open draft with this id, if it belongs to the same form and was
    /// last saved in the same session, and makes it count as late, unless a limit is reached. If
    /// there is no such draft, the result is [`LateSave::IdTaken`].
    async fn replace_late(
        &self,
        draft: NewDraft<'_>,
        limits: LateLimits,
    ) -> Result<LateSave, StoreError>;

    /// Deletes the open draft with this id, if there is one.
    async fn delete(&self, person: &PersonId, id: DraftId) -> Result<(), StoreError>;

    /// Returns the draft with this id, whether it is open or used up.
    async fn find(&self, person: &PersonId, id: DraftId)
    -> Result<Option<StoredDraft>, StoreError>;

    /// Returns the person's open drafts of this form that expire later than `now`, the most
    /// recently saved first. Drafts that were saved at the same time are ordered by their ids.
    async fn list(
        &self,
        person: &PersonId,
        form: &str,
        now: Instant,
    ) -> Result<Vec<StoredDraft>, StoreError>;

    /// Returns whether the person has an open draft of this form whose content is exactly `fields`
    /// and that expires later than `now`.
    async fn contains(
        &self,
        person: &PersonId,
        form: &str,
        fields: &str,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Uses up the open draft with this id, and every other open draft of the same person and form
    /// with the same content. They keep their fields and expire at `expires_at`. Then deletes all
    /// but the [`MAX_USED_UP`](super::MAX_USED_UP) most recently used up of the person's drafts.
    async fn discard(
        &self,
        person: &PersonId,
        id: DraftId,
        now: Instant,
        expires_at: Instant,
    ) -> Result<(), StoreError>;

    /// Makes a used-up draft open again if it still has its fields and was used up later than
    /// `discarded_after`. It then expires at `expires_at`. Returns whether there was such a draft.
    async fn restore(
        &self,
        person: &PersonId,
        id: DraftId,
        discarded_after: Instant,
        expires_at: Instant,
    ) -> Result<bool, StoreError>;

    /// Uses up a draft whose form was sent, whether it exists or not and whatever its state is. Its
    /// fields are deleted, and it expires [`USED_UP_RETENTION`](super::USED_UP_RETENTION) after
    /// `now`. Then deletes all but the [`MAX_USED_UP`](super::MAX_USED_UP) most recently used up of
    /// the person's drafts.
    async fn use_up(&self, person: &PersonId, id: DraftId, now: Instant) -> Result<(), StoreError>;

    /// Deletes up to `limit` drafts that have expired by `now`. Returns the number of deleted
    /// drafts.
    async fn sweep(&self, now: Instant, limit: u32) -> Result<u64, StoreError>;
}

/// A draft to write.
#[derive(Debug, Clone, Copy)]
pub struct NewDraft<'a> {
    /// The person who typed it.
    pub person: &'a PersonId,
    /// Its id, which is unique among the drafts of the person.
    pub id: DraftId,
    /// The name of the form.
    pub form: &'a str,
    /// The content of the form as JSON. A store only compares it.
    pub fields: &'a str,
    /// The generation of the session in which it was typed.
    pub session: Generation,
    /// The time at which it is saved.
    pub saved_at: Instant,
    /// The time at which it expires.
    pub expires_at: Instant,
}

/// A draft as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDraft {
    /// Its id, which is unique among the drafts of the person.
    pub id: DraftId,
    /// The name of the form. It is empty if the draft was used up before it was saved for the first
    /// time.
    pub form: String,
    /// The content of the form as JSON. It is `None` once the form was sent.
    pub fields: Option<String>,
    /// The generation of the session in which it was last saved. It is `None` if the draft was used
    /// up before it was saved for the first time.
    pub session: Option<Generation>,
    /// The time at which it was last saved.
    pub saved_at: Instant,
    /// The time at which it was used up, if it was.
    pub used_up_at: Option<Instant>,
    /// The time at which it expires.
    pub expires_at: Instant,
}

/// How many late drafts a person may have. A late draft is one of a form that was sent after the
/// end of its session. Used-up drafts count until they are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateLimits {
    /// How many late drafts may have been last saved in the session of the new draft, including the
    /// new one.
    pub per_session: u32,
    /// How many late drafts there may be in total, including the new one.
    pub per_person: u32,
}

impl LateLimits {
    /// Whether these numbers of other late drafts, of the same session and in total, leave no room
    /// for one more.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn are_reached_by(self, (of_session, total): (i64, i64)) -> bool {
        of_session >= i64::from(self.per_session) || total >= i64::from(self.per_person)
    }
}

/// The result of writing a late draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateSave {
    /// It was written.
    Saved,
    /// It was not written, because a limit is reached.
    TooMany,
    /// It was not written, because the draft with its id is another one.
    IdTaken,
}
