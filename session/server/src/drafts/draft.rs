//! A draft, its id and its author.

use std::{fmt, str::FromStr};

use dwell_session::{Generation, Instant};

use super::{DraftError, LARGEST_DRAFT, LONGEST_FORM_NAME, StoredDraft};
use crate::{PersonId, store::StoreError};

/// A person and the session in which the person types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The person.
    pub person: PersonId,
    /// The generation of the session of the page.
    pub session: Generation,
}

/// A form and its content.
#[derive(Debug, Clone, Copy)]
pub struct FormContent<'a> {
    /// The name of the form: opaque text of 1 to [`LONGEST_FORM_NAME`] bytes without control
    /// characters. The program that shows the form chooses it.
    pub name: &'a str,
    /// The names and values of the fields, in the order of the form.
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

/// The content of a form when it was last saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The id of the draft, which is unique among the drafts of the person.
    pub id: DraftId,
    /// The name of the form.
    pub form: String,
    /// The names and values of the fields, in the order of the form.
    pub fields: Vec<(String, String)>,
    /// When it was last saved.
    pub saved_at: Instant,
}

impl Draft {
    /// The value of the first field with this name, or an empty string if there is none.
    pub fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value)
    }

    /// Reads an open draft. Fails if the stored fields are not valid.
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

/// How a draft was used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Its form was sent.
    Sent,
    /// It was discarded and can be [restored](super::Drafts::restore).
    Discarded,
}

/// The id of a draft: 128 random bits, written as 32 lower-case hexadecimal digits.
///
/// Every form that is shown gets an id of its own, so that two tabs have two drafts. An id is
/// unique among the drafts of one person, and other people cannot use it to reach the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DraftId(u128);

impl DraftId {
    /// Makes a new id.
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

/// The text is not a valid [`DraftId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a draft must be 32 lower-case hexadecimal digits")]
pub struct InvalidDraftId;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_can_be_written_and_read_back(bits: u128) {
            let id = DraftId(bits);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn an_id_can_be_written_in_only_one_way(text in "[0-9a-fA-F+-]{30,34}") {
            if let Ok(id) = text.parse::<DraftId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn an_invalid_id_is_refused() {
        let id = "0123456789abcdef0123456789abcdef";
        assert!(id.parse::<DraftId>().is_ok());
        for text in ["", &id[1..], &id.to_uppercase(), "' or 1=1; --", "é"] {
            assert_eq!(text.parse::<DraftId>(), Err(InvalidDraftId), "{text:?}");
        }
    }

    #[test]
    fn a_form_is_blank_if_all_its_values_are() {
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
