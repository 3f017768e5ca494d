//! The id of the person to whom a session belongs.

use std::{convert::Infallible, fmt, str::FromStr};

use smol_str::{SmolStr, format_smolstr};

/// The length of the longest id, in bytes.
const MAX_LENGTH: usize = 64;

/// The id by which the program that uses Dwell identifies a person: opaque text of 1 to 64 bytes
/// without control characters.
///
/// Dwell only compares ids. They are written to the log, so an id should not reveal anything about
/// the person, as a name or an address would.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(SmolStr);

impl PersonId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PersonId {
    type Err = InvalidPersonId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_allowed = (1..=MAX_LENGTH).contains(&text.len()) && !text.contains(char::is_control);
        match is_allowed {
            true => Ok(Self(SmolStr::new(text))),
            false => Err(InvalidPersonId),
        }
    }
}

impl TryFrom<&str> for PersonId {
    type Error = InvalidPersonId;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for PersonId {
    type Error = InvalidPersonId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

macro_rules! from_numbers {
    ($($number:ty)*) => {
        $(impl From<$number> for PersonId {
            fn from(number: $number) -> Self {
                Self(format_smolstr!("{number}"))
            }
        })*
    };
}

from_numbers!(i32 i64 u32 u64 u128);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonId({})", self.0)
    }
}

/// The text is not a valid [`PersonId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a person must have 1 to {MAX_LENGTH} bytes and no control characters")]
pub struct InvalidPersonId;

impl From<Infallible> for InvalidPersonId {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_text_without_control_characters() {
        let longest = "é".repeat(MAX_LENGTH / 2);
        for text in [
            "1",
            "ada",
            "018f4f1e-7e5a-7c3b-9d0a-1b2c3d4e5f60",
            "a b",
            &longest,
        ] {
            assert_eq!(text.parse::<PersonId>().unwrap().as_str(), text);
        }
        let too_long = "a".repeat(MAX_LENGTH + 1);
        for text in ["", "a\0", "a\nb", "\u{85}", &too_long] {
            assert_eq!(text.parse::<PersonId>(), Err(InvalidPersonId), "{text:?}");
        }
        assert_eq!(PersonId::from(-7_i64).as_str(), "-7");
    }
}
