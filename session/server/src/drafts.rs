//! Drafts: what people have typed into forms and not sent yet, kept for them (`F3`).
//!
//! The browser saves a form while it is typed into, under the [id](DraftId) that its page was
//! given. [`Drafts`] has the rules, and a [`DraftStore`] keeps the drafts. A draft is *open* until
//! its form was sent or it was discarded. From then on it is *used up*, and stays so for at least
//! [`USED_UP_RETENTION`], so that a request to save it that arrives late does not bring it back.
//!
//! Whoever inserts what was sent into the same database uses up the draft in the same transaction:
//! see `SqliteDrafts::use_up` and `PostgresDrafts::use_up`.

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
use self::rate::Rate;
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

/// The largest draft, in bytes of JSON: 62 KiB. The browser keeps to the same limit.
///
/// Browsers finish requests of a page that is being closed up to 64 KiB in all, so a draft of this
/// size is still saved when the page is left.
pub const LARGEST_DRAFT: usize = Names::LONGEST_DRAFT;

/// The longest name of a form, in bytes.
pub const LONGEST_FORM_NAME: usize = 128;

/// How long the id of a draft whose form was sent is remembered: 24 hours. A discarded draft is
/// kept for as long too, or for [`DraftLimits::undo`] where that is longer.
pub const USED_UP_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How many used-up drafts of one person are remembered. Beyond that the oldest is forgotten.
pub const MAX_USED_UP: u32 = 100;

/// How many expired drafts [`Drafts::sweep`] deletes in one step. Writers wait meanwhile.
const SWEEP_SIZE: u32 = 100;

/// The drafts of all people, and the rules for them.
///
/// Clones share one store, and one count of who saves how often.
#[derive(Debug, Clone)]
pub struct Drafts {
    store: Arc<dyn DraftStore>,
    clock: Arc<dyn Clock>,
    limits: DraftLimits,
    rate: Arc<Rate>,
}

impl Drafts {
    /// The drafts in `store`, which live by `clock` and within `limits`.
    pub fn new(store: Arc<dyn DraftStore>, clock: Arc<dyn Clock>, limits: DraftLimits) -> Self {
        Self {
            store,
            clock,
            limits,
            rate: Arc::default(),
        }
    }

    /// The limits in force.
    pub fn limits(&self) -> &DraftLimits {
        &self.limits
    }

    /// Saves what a form holds so far, in place of what this draft held before. A form in which all
    /// values are blank has no draft: it is deleted.
    ///
    /// Where the person then has more open drafts than [`DraftLimits::per_person`], those that were
    /// saved the longest ago are deleted.
    ///
    /// # Errors
    ///
    /// [`DraftError::InvalidFormName`], [`DraftError::TooLarge`], [`DraftError::TooOften`],
    /// [`DraftError::UsedUp`] or [`DraftError::Store`]. Nothing was saved then.
    pub async fn save(
        &self,
        author: &Author,
        id: DraftId,
        form: FormContent<'_>,
    ) -> Result<(), DraftError> {
        let fields = form.to_json()?;
        let now = self.clock.now();
        if !self.rate.allows(&author.person, now) {
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

    /// A person's open drafts of the form with this name, the most recently saved first.
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

    /// A person's open draft with this id, if there is one.
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

    /// What has become of a draft that is used up. `None` where it is open, where it was discarded
    /// too long ago to be restored, and where nothing is known of it.
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

    /// Discards an open draft, and every other of the same person and form that holds the same. It
    /// cannot be saved any more, but [restored](Self::restore) for a while. Where there is no such
    /// draft, nothing happens.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn discard(&self, person: &PersonId, id: DraftId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let expires_at = now + self.limits.undo.max(USED_UP_RETENTION);
        self.store.discard(person, id, now, expires_at).await
    }

    /// Opens a discarded draft again, if it was discarded less than [`DraftLimits::undo`] ago.
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

    /// Uses up a draft whose form was sent: what it held is deleted, and a request to save it that
    /// arrives late is refused.
    ///
    /// This is for programs that keep what was sent somewhere else. Those that keep it in the
    /// database of the drafts use up the draft in the same transaction, with `SqliteDrafts::use_up`
    /// or `PostgresDrafts::use_up`: then neither is there without the other.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn use_up(&self, person: &PersonId, id: DraftId) -> Result<(), StoreError> {
        self.store.use_up(person, id, self.clock.now()).await
    }

    /// Deletes some of the drafts that have expired. They were not shown any more since they did.
    ///
    /// # Errors
    ///
    /// The store failed. What was not deleted is left for the next time.
    pub async fn sweep(&self) -> Result<Maintenance, StoreError> {
        let swept = self.store.sweep(self.clock.now(), SWEEP_SIZE).await?;
        Ok(Maintenance::after(swept, SWEEP_SIZE))
    }
}
