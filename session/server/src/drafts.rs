//! Drafts: what people have typed into forms and not sent yet (`F3`).
//!
//! While somebody types, the browser saves the form under the [id](DraftId) that its page was
//! given. [`Drafts`] has the rules, and a [`DraftStore`] stores the drafts. A draft is *open* until
//! its form is sent or it is discarded. From then on it is *used up*, and it stays so for at least
//! [`USED_UP_RETENTION`], so that a late request to save it does not bring it back.
//!
//! A program that inserts what was sent into the same database should use up the draft in the same
//! transaction: see `SqliteDrafts::use_up` and `PostgresDrafts::use_up`.

mod draft;
mod error;
mod late;
mod limits;
#[cfg(feature = "postgres")]
mod postgres;
mod rate;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

use std::{sync::Arc, time::Duration};

use dwell_session::Names;

#[cfg(feature = "postgres")]
pub use self::postgres::PostgresDrafts;
use self::rate::RateLimiter;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteDrafts;
pub use self::{
    draft::{Author, Draft, DraftId, FormContent, InvalidDraftId, Outcome},
    error::DraftError,
    late::LateForm,
    limits::DraftLimits,
    store::{DraftStore, LateLimits, LateSave, NewDraft, StoredDraft},
};
use crate::{Maintenance, PersonId, clock::Clock, store::StoreError};

/// The size of the largest draft, in bytes of JSON: 62 KiB. The browser has the same limit.
///
/// After a page has been closed, browsers finish its requests up to 64 KiB together, so a draft of
/// this size is still saved when the page is left.
pub const LARGEST_DRAFT: usize = Names::LONGEST_DRAFT;

/// The length of the longest name of a form, in bytes.
pub const LONGEST_FORM_NAME: usize = 128;

/// How long the id of a draft is remembered after its form was sent: 24 hours. A discarded draft is
/// kept for the same time, or for [`DraftLimits::undo`] if that is longer.
pub const USED_UP_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How many used-up drafts of one person are remembered. If there are more, the oldest are deleted.
pub const MAX_USED_UP: u32 = 100;

/// How many expired drafts [`Drafts::sweep`] deletes in one step, during which nothing else can
/// write to an SQLite database.
const SWEEP_SIZE: u32 = 100;

/// The drafts of all people, and the rules for them.
///
/// Clones share one store and one rate limiter.
#[derive(Debug, Clone)]
pub struct Drafts {
    store: Arc<dyn DraftStore>,
    clock: Arc<dyn Clock>,
    limits: DraftLimits,
    rate_limiter: Arc<RateLimiter>,
}

impl Drafts {
    /// The drafts in `store`, by the time of `clock` and within `limits`.
    pub fn new(store: Arc<dyn DraftStore>, clock: Arc<dyn Clock>, limits: DraftLimits) -> Self {
        Self {
            store,
            clock,
            limits,
            rate_limiter: Arc::default(),
        }
    }

    /// The limits in force.
    pub fn limits(&self) -> &DraftLimits {
        &self.limits
    }

    /// Saves the current content of a form, and replaces what this draft contained before. If all
    /// values are blank, the draft is deleted instead.
    ///
    /// If the person then has more open drafts than [`DraftLimits::per_person`], those that were
    /// saved the longest ago are deleted.
    ///
    /// # Errors
    ///
    /// [`DraftError::InvalidFormName`], [`DraftError::TooLarge`], [`DraftError::TooOften`],
    /// [`DraftError::UsedUp`] or [`DraftError::Store`]. In each case nothing was saved.
    pub async fn save(
        &self,
        author: &Author,
        id: DraftId,
        form: FormContent<'_>,
    ) -> Result<(), DraftError> {
        let fields = form.to_json()?;
        let now = self.clock.now();
        if !self.rate_limiter.allows(&author.person, now) {
            return Err(DraftError::TooOften);
        }
        if form.is_blank() {
            return Ok(self.store.delete(&author.person, id).await?);
        }
        let draft = NewDraft {
            person: &author.person,
            id,
            form: form.name,
            fields: &fields,
            session: author.session,
            saved_at: now,
            expires_at: now + self.limits.retention,
        };
        match self.store.save(draft, self.limits.per_person).await? {
            true => Ok(()),
            false => Err(DraftError::UsedUp),
        }
    }

    /// Returns the open drafts of a person for the form with this name, the most recently saved
    /// first.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn list(&self, person: &PersonId, form: &str) -> Result<Vec<Draft>, StoreError> {
        if !draft::is_form_name(form) {
            return Ok(Vec::new());
        }
        let stored = self.store.list(person, form, self.clock.now()).await?;
        stored.into_iter().map(Draft::read).collect()
    }

    /// Returns the open draft of a person with this id, if there is one.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn find(&self, person: &PersonId, id: DraftId) -> Result<Option<Draft>, StoreError> {
        match self.find_unexpired(person, id).await? {
            Some(stored) if stored.used_up_at.is_none() => Draft::read(stored).map(Some),
            _ => Ok(None),
        }
    }

    /// Returns whether a used-up draft was sent or discarded. Returns `None` if the draft is open,
    /// if it was discarded too long ago to be restored, or if it is unknown.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn outcome(
        &self,
        person: &PersonId,
        id: DraftId,
    ) -> Result<Option<Outcome>, StoreError> {
        let Some(stored) = self.find_unexpired(person, id).await? else {
            return Ok(None);
        };
        let undo_from = self.clock.now() - self.limits.undo;
        Ok(match (stored.used_up_at, stored.fields) {
            (Some(_), None) => Some(Outcome::Sent),
            (Some(at), Some(_)) if at > undo_from => Some(Outcome::Discarded),
            _ => None,
        })
    }

    async fn find_unexpired(
        &self,
        person: &PersonId,
        id: DraftId,
    ) -> Result<Option<StoredDraft>, StoreError> {
        let stored = self.store.find(person, id).await?;
        let now = self.clock.now();
        Ok(stored.filter(|stored| stored.expires_at > now))
    }

    /// Discards an open draft, and every other open draft of the same person and form with the same
    /// content. Discarded drafts can no longer be saved, but they can be [restored](Self::restore)
    /// for a while. This does nothing if there is no such draft.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn discard(&self, person: &PersonId, id: DraftId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let expires_at = now + self.limits.undo.max(USED_UP_RETENTION);
        self.store.discard(person, id, now, expires_at).await
    }

    /// Makes a discarded draft open again, if it was discarded less than [`DraftLimits::undo`] ago.
    /// Returns whether it did.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn restore(&self, person: &PersonId, id: DraftId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let discarded_after = now - self.limits.undo;
        let expires_at = now + self.limits.retention;
        self.store
            .restore(person, id, discarded_after, expires_at)
            .await
    }

    /// Uses up a draft whose form was sent: its content is deleted, and late requests to save it
    /// are refused.
    ///
    /// This is for programs that store what was sent somewhere else. Programs that store it in the
    /// database of the drafts should use up the draft in the same transaction, with
    /// `SqliteDrafts::use_up` or `PostgresDrafts::use_up`, so that either both changes are made or
    /// none.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn use_up(&self, person: &PersonId, id: DraftId) -> Result<(), StoreError> {
        self.store.use_up(person, id, self.clock.now()).await
    }

    /// Deletes some of the drafts that have expired. Expired drafts are not returned by the other
    /// methods even before they are deleted.
    ///
    /// # Errors
    ///
    /// The store failed. What was not deleted is deleted by a later call.
    pub async fn sweep(&self) -> Result<Maintenance, StoreError> {
        let swept = self.store.sweep(self.clock.now(), SWEEP_SIZE).await?;
        Ok(Maintenance::after(swept, SWEEP_SIZE))
    }
}
