//! Where drafts are kept.

use std::fmt;

use async_trait::async_trait;
use dwell_session::{Generation, Instant};

use super::DraftId;
use crate::{PersonId, store::StoreError};

/// The operations on drafts.
///
/// Each is one atomic step. The rules are those of [`Drafts`](super::Drafts): a store decides
/// nothing but what is said here. A draft is *open* while it is not used up. Person and id together
/// name a draft, so that nobody reaches the draft of somebody else. Nothing but
/// [`list`](Self::list), [`contains`](Self::contains) and [`sweep`](Self::sweep) asks whether a
/// draft has expired.
///
/// None of the methods has a default, so that nobody has half a store.
#[async_trait]
pub trait DraftStore: fmt::Debug + Send + Sync + 'static {
    /// Inserts an open draft, or replaces an open one with the same id, which is then not counted
    /// as late any more. Then deletes all but the `max_per_person` most recently saved of the
    /// person's open drafts that are not late; where several were saved at the same time, the one
    /// saved now stays. Returns whether the draft was written: one that is used up is not.
    async fn save(&self, draft: NewDraft<'_>, max_per_person: u32) -> Result<bool, StoreError>;

    /// Inserts an open draft that is counted as late, unless there are too many of them or its id
    /// is that of another draft of the person.
    async fn insert_late(
        &self,
        draft: NewDraft<'_>,
        limits: LateLimits,
    ) -> Result<LateSave, StoreError>;

    /// Replaces what the open draft with this id holds, if that is of the same form and was last
    /// saved in the same session, and counts it as late, unless there are too many of them.
    /// Otherwise the id is taken.
    async fn replace_late(
        &self,
        draft: NewDraft<'_>,
        limits: LateLimits,
    ) -> Result<LateSave, StoreError>;

    /// Deletes an open draft.
    async fn delete(&self, person: &PersonId, id: DraftId) -> Result<(), StoreError>;

    /// The draft with this id, open or used up.
    async fn find(&self, person: &PersonId, id: DraftId)
    -> Result<Option<StoredDraft>, StoreError>;

    /// The person's open drafts of this form that expire later than `now`, the most recently saved
    /// first, and by their ids where several were saved at the same time.
    async fn list(
        &self,
        person: &PersonId,
        form: &str,
        now: Instant,
    ) -> Result<Vec<StoredDraft>, StoreError>;

    /// Whether the person has an open draft of this form that holds just `fields` and expires later
    /// than `now`.
    async fn contains(
        &self,
        person: &PersonId,
        form: &str,
        fields: &str,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Uses up the open draft with this id, and every other open draft of the same person and form
    /// that holds the same. They keep their fields, and expire at `expires_at`. Then deletes all
    /// but the [`MAX_USED_UP`](super::MAX_USED_UP) most recently used up of the person's drafts.
    async fn discard(
        &self,
        person: &PersonId,
        id: DraftId,
        now: Instant,
        expires_at: Instant,
    ) -> Result<(), StoreError>;

    /// Makes a used-up draft open again that has its fields and was used up later than
    /// `discarded_after`. It then expires at `expires_at`. Returns whether there was one.
    async fn restore(
        &self,
        person: &PersonId,
        id: DraftId,
        discarded_after: Instant,
        expires_at: Instant,
    ) -> Result<bool, StoreError>;

    /// Uses up a draft whose form was sent, whether it was there or not, and whatever it was. It
    /// loses its fields, and expires [`USED_UP_RETENTION`](super::USED_UP_RETENTION) after `now`.
    /// Then deletes all but the [`MAX_USED_UP`](super::MAX_USED_UP) most recently used up of the
    /// person's drafts.
    async fn use_up(&self, person: &PersonId, id: DraftId, now: Instant) -> Result<(), StoreError>;

    /// Deletes up to `limit` drafts that have expired by `now`. Returns how many it deleted.
    async fn sweep(&self, now: Instant, limit: u32) -> Result<u64, StoreError>;
}

/// A draft that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewDraft<'a> {
    /// Who typed it.
    pub person: &'a PersonId,
    /// Its id, unique within the person.
    pub id: DraftId,
    /// The name of the form.
    pub form: &'a str,
    /// What the form holds: JSON, which a store only compares.
    pub fields: &'a str,
    /// The session that it was typed in.
    pub session: Generation,
    /// When it is saved.
    pub saved_at: Instant,
    /// When it expires.
    pub expires_at: Instant,
}

/// A draft as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDraft {
    /// Its id, unique within the person.
    pub id: DraftId,
    /// The name of the form; empty if it was never saved before it was used up.
    pub form: String,
    /// What the form held, as JSON. `None` once it was sent.
    pub fields: Option<String>,
    /// The session that it was last saved in; `None` if it was never saved before it was used up.
    pub session: Option<Generation>,
    /// When it was last saved.
    pub saved_at: Instant,
    /// When it was used up, if it was.
    pub used_up_at: Option<Instant>,
    /// When it expires.
    pub expires_at: Instant,
}

/// How many late drafts a person may have. Those that are used up count until they are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateLimits {
    /// How many that were last saved in the session of the one that is written, including that one.
    pub per_session: u32,
    /// How many in all, including the one that is written.
    pub per_person: u32,
}

impl LateLimits {
    /// Whether there is no room for one more, where there are others: of the same session, and in
    /// all.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn are_reached_by(self, (of_session, in_all): (i64, i64)) -> bool {
        of_session >= i64::from(self.per_session) || in_all >= i64::from(self.per_person)
    }
}

/// Whether a late draft was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateSave {
    /// It was.
    Saved,
    /// The person has as many as there may be.
    TooMany,
    /// There is another draft with its id.
    IdTaken,
}
