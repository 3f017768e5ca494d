//! The id and the key of a session.

use std::{
    fmt,
    hash::{Hash, Hasher},
    num::ParseIntError,
    str::FromStr,
};

use sha2::{Digest, Sha256};

/// The id of a session, which is in the cookie: 128 random bits (`B4`). It is a secret of the
/// browser.
pub type SessionId = tower_sessions::session::Id;

/// The key by which the server identifies a session: the SHA-256 of its id.
///
/// `Display` shows only its first 12 hexadecimal digits, for logs. Parsing needs all 64 hexadecimal
/// digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey([u8; 32]);

/// The key is a hash already, so eight of its bytes are enough.
impl Hash for SessionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [.., a, b, c, d, e, f, g, h] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl SessionKey {
    /// The key of the session with this id.
    pub fn of(id: &SessionId) -> Self {
        Self(Sha256::digest(id.0.to_le_bytes()).into())
    }

    /// Makes the key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// All 64 hexadecimal digits of the key.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Assigns the key to one of `parts` groups of about equal size. Returns the index of the
    /// group.
    pub(crate) fn part(self, parts: usize) -> usize {
        usize::from(self.0[0]) % parts
    }
}

impl FromStr for SessionKey {
    type Err = UnknownKey;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(UnknownKey);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16)?;
        }
        Ok(Self(bytes))
    }
}

/// The text is not a valid [`SessionKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key of a session must be 64 hexadecimal digits")]
pub struct UnknownKey;

impl From<ParseIntError> for UnknownKey {
    fn from(_: ParseIntError) -> Self {
        Self
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..6]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({self})")
    }
}
