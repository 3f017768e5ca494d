//! The public identifier of a session.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A random value that identifies one session. It is not the session id, so pages may contain it:
/// the tabs of a browser name the session by it, and every POST carries it as a protection against
/// forged requests (`K1`).
///
/// As text it is 128 bits in lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Generation(u128);

impl Generation {
    /// Makes a generation of 128 random bits. For a session, they must come from a
    /// cryptographically secure generator.
    pub const fn from_random(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Generation {
    type Err = InvalidGeneration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.len() == 32
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !well_formed {
            return Err(InvalidGeneration);
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| InvalidGeneration)
    }
}

impl TryFrom<String> for Generation {
    type Error = InvalidGeneration;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Generation> for String {
    fn from(generation: Generation) -> Self {
        generation.to_string()
    }
}

/// The error for a text that is not a [`Generation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a generation is 32 hexadecimal digits in lower case")]
pub struct InvalidGeneration;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    proptest! {
        #[test]
        fn parsing_returns_the_generation_that_was_displayed(bits: u128) {
            let generation = Generation::from_random(bits);
            prop_assert_eq!(generation.to_string().parse(), Ok(generation));
        }

        #[test]
        fn every_generation_has_exactly_one_text(text in "[0-9a-fA-F+-]{30,34}") {
            if let Ok(generation) = text.parse::<Generation>() {
                prop_assert_eq!(generation.to_string(), text);
            }
        }
    }
}
