//! What names a session inside the server.

use std::{
    fmt,
    hash::{Hash, Hasher},
    num::ParseIntError,
    str::FromStr,
};

use sha2::{Digest, Sha256};

/// The id of a session, as it stands in the cookie: 128 random bits (`B4`).
pub type SessionId = tower_sessions::session::Id;

/// Names a session inside the server: the SHA-256 of its id.
///
/// It is displayed shortened, for logs, and parsed from all of its 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey([u8; 32]);

/// It is a hash already: eight bytes of it will do.
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

    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// All of its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// All of its hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// One of `parts` equal parts of all keys.
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

/// A text that is not a [`SessionKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key of a session has 64 hexadecimal digits")]
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
