//! A draft, and its name.

use std::{fmt, str::FromStr};

use dwell_session::Instant;

use crate::store::StoreError;

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

/// What has become of a draft that is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its form was sent.
    Sent,
    /// It was discarded, and can still be had back.
    Discarded,
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
    /// It is longer than a draft may be.
    #[error("a draft has at most {} bytes", dwell_app::names::LONGEST_DRAFT)]
    TooLarge,
    /// Its person saves too often.
    #[error("a person saves at most two drafts a second")]
    TooOften,
    /// As much as may be kept was sent after the end of its session.
    #[error("no more is kept of what is sent after the end of this session")]
    TooManyLate,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
