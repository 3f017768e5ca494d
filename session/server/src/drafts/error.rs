//! Why a draft was not saved.

use super::{LARGEST_DRAFT, LONGEST_FORM_NAME};
use crate::store::StoreError;

/// A draft was not saved.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// Its form has been sent, or it has been discarded.
    #[error("the form of this draft has been sent or discarded")]
    UsedUp,
    /// What the form holds has more than [`LARGEST_DRAFT`] bytes as JSON.
    #[error("a draft has at most {LARGEST_DRAFT} bytes")]
    TooLarge,
    /// The name of the form is empty, longer than [`LONGEST_FORM_NAME`] bytes, or contains control
    /// characters.
    #[error("the name of a form has 1 to {LONGEST_FORM_NAME} bytes and no control characters")]
    InvalidFormName,
    /// This person saves more often than twice a second on average. It can be tried again after a
    /// few seconds.
    #[error("a person saves drafts at most twice a second on average")]
    TooOften,
    /// As many drafts as are allowed have been kept of forms that were sent after the end of this
    /// session, or of any session of this person: see
    /// [`DraftLimits::late_per_session`](super::DraftLimits::late_per_session).
    #[error("no more drafts are kept of forms that are sent after the end of a session")]
    TooManyLate,
    /// The store failed.
    #[error("the drafts cannot be stored")]
    Store(#[from] StoreError),
}
