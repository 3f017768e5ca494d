//! The e-mail addresses of accounts.

use std::{fmt, str::FromStr};

/// The longest address that RFC 5321 allows, in bytes.
const MAX_LENGTH: usize = 254;

/// An e-mail address, in lower case. Whether it receives mail is not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = text.trim().to_lowercase();
        let (name, host) = address.rsplit_once('@').ok_or(InvalidEmail)?;
        let well_formed = !name.is_empty()
            && !host.is_empty()
            && address.len() <= MAX_LENGTH
            && !address
                .chars()
                .any(|character| character.is_control() || character.is_whitespace());
        if well_formed {
            Ok(Self(address))
        } else {
            Err(InvalidEmail)
        }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address looks like name@example.com and has at most {MAX_LENGTH} characters")]
pub struct InvalidEmail;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_stored_in_lower_case_and_without_surrounding_space() {
        let email: Email = " Ada@Example.COM ".parse().unwrap();
        assert_eq!(email.as_str(), "ada@example.com");
    }

    #[test]
    fn a_text_that_is_not_an_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(MAX_LENGTH));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a da@example.com",
            "ada@b\r\nc",
            &long,
        ] {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text:?}");
        }
    }
}
