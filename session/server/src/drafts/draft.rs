//! A draft, its id, and where it comes from.

use std::{fmt, str::FromStr};

use dwell_session::{Generation, Instant};

use super::{DraftError, LARGEST_DRAFT, LONGEST_FORM_NAME, StoredDraft};
use crate::{PersonId, store::StoreError};

/// Who typed something, and in which session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Who typed it.
    pub person: PersonId,
    /// The session of the page that it was typed into.
    pub session: Generation,
}

/// A form and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct FormContent<'a> {
    /// The name of the form: opaque text of 1 to [`LONGEST_FORM_NAME`] bytes without control
    /// characters. The program that shows the form chooses it.
    pub name: &'a str,
    /// Names and values, in the order of the form.
    pub fields: &'a [(String, String)],
}

impl FormContent<'_> {
    pub(super) fn is_blank(&self) -> bool {
        self.fields.iter().all(|(_, value)| value.trim().is_empty())
    }

    /// The fields as they are stored.
    pub(super) fn to_json(self) -> Result<String, DraftError> {
        if !is_form_name(self.name) {
            return Err(DraftError::InvalidFormName);
        }
        let json = serde_json::to_string(self.fields).map_err(StoreError::new)?;
        match json.len() > LARGEST_DRAFT {
            true => Err(DraftError::TooLarge),
            false => Ok(json),
        }
    }
}

pub(super) fn is_form_name(name: &str) -> bool {
    (1..=LONGEST_FORM_NAME).contains(&name.len()) && !name.contains(char::is_control)
}

/// What a form held when it was last saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Which of the person's drafts this is.
    pub id: DraftId,
    /// The name of the form.
    pub form: String,
    /// Names and values, in the order of the form.
    pub fields: Vec<(String, String)>,
    /// When it was last saved.
    pub saved_at: Instant,
}

impl Draft {
    /// The value of the first field with this name; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value)
    }

    /// Reads an open draft. The error is that it is none, or holds what was never written.
    pub(super) fn read(stored: StoredDraft) -> Result<Self, StoreError> {
        let fields = stored.fields.unwrap_or_default();
        Ok(Self {
            id: stored.id,
            form: stored.form,
            fields: serde_json::from_str(&fields).map_err(StoreError::new)?,
            saved_at: stored.saved_at,
        })
    }
}

/// What has become of a draft that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Its form was sent.
    Sent,
    /// It was discarded, and can be [restored](super::Drafts::restore).
    Discarded,
}

/// The id of a draft: 128 random bits, in text 32 hexadecimal digits in lower case.
///
/// Every form that is shown gets an id of its own, so that two tabs have two drafts. It is unique
/// within a person, and leads nowhere for anybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DraftId(u128);

impl DraftId {
    /// A new id.
    pub fn random() -> Self {
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

/// A text that is not a [`DraftId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a draft is 32 hexadecimal digits in lower case")]
pub struct InvalidDraftId;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text(bits: u128) {
            let id = DraftId(bits);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn an_id_has_one_text(text in "[0-9a-fA-F+-]{30,34}") {
            if let Ok(id) = text.parse::<DraftId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        let id = "0123456789abcdef0123456789abcdef";
        assert!(id.parse::<DraftId>().is_ok());
        for text in ["", &id[1..], &id.to_uppercase(), "' or 1=1; --", "é"] {
            assert_eq!(text.parse::<DraftId>(), Err(InvalidDraftId), "{text:?}");
        }
    }

    #[test]
    fn a_form_is_blank_where_every_value_is() {
        let is_blank = |fields: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let fields: Vec<_> = fields.iter().map(owned).collect();
            let name = "invoice";
            let fields = &fields;
            FormContent { name, fields }.is_blank()
        };
        assert!(is_blank(&[]));
        assert!(is_blank(&[("to", ""), ("text", " \r\n\t\u{a0}")]));
        assert!(!is_blank(&[("to", ""), ("text", " x")]));
    }
}
