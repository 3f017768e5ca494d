//! The name of an account inside the server.

use std::fmt;

/// Names an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct AccountId(i64);

impl AccountId {
    /// The account that is kept under this number.
    pub(crate) fn stored(id: i64) -> Self {
        Self(id)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
