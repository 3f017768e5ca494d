//! The page that is asked for.

use std::fmt::Display;

/// What every subject answers, a few hundred bytes. All accounts' pages have one length.
pub(crate) fn page(account: impl Display) -> String {
    format!(
        "Signed in as {account:0>6}.\n{}",
        "Nothing else on this page is worth protecting.\n".repeat(8)
    )
}
