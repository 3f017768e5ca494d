//! The reasons why a draft is not saved.

use super::{LARGEST_DRAFT, LONGEST_FORM_NAME};
use crate::store::StoreError;

/// A draft was not saved.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The form of the draft has been sent, or the draft has been discarded.
    #[error("the form of this draft has been sent or discarded")]
    UsedUp,
    /// The content of the form has more than [`LARGEST_DRAFT`] bytes as JSON.
    #[error("a draft must not have more than {LARGEST_DRAFT} bytes")]
    TooLarge,
    /// The name of the form is empty, longer than [`LONGEST_FORM_NAME`] bytes, or contains control
    /// characters.
    #[error(
        "the name of a form must have 1 to {LONGEST_FORM_NAME} bytes and no control characters"
    )]
    InvalidFormName,
    /// The person saves more often than twice a second on average. The request can be repeated
    /// after a few seconds.
    #[error("a person must not save drafts more often than twice a second on average")]
    TooOften,
    /// As many drafts as are allowed have been kept of forms that were sent after the end of this
    /// session, or after the end of any session of this person: see
    /// [`DraftLimits::late_per_session`](super::DraftLimits::late_per_session).
    #[error(
        "too many forms have been sent after the end of their session, so no more of them are kept"
    )]
    TooManyLate,
    /// The store failed.
    #[error("the drafts cannot be read or written")]
    Store(#[from] StoreError),
}
