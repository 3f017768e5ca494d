//! The first account, for whoever starts Dwell for the first time.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::process::{command, output};

pub(crate) const EMAIL: &str = "you@example.com";

/// The server's exit code for an address that has an account.
const EXISTS: i32 = 3;

/// Creates the account and hands back its password, or nothing where it exists: the server
/// keeps only the password's hash.
pub(crate) fn create(server: &Path) -> Result<Option<String>> {
    let added = output(command(server).args(["user", "add", EMAIL]))?;
    match added.status.code() {
        Some(0) => {
            let said = String::from_utf8(added.stdout)?;
            Ok(Some(
                password(&said)
                    .context("the server named no password")?
                    .to_owned(),
            ))
        }
        Some(EXISTS) => Ok(None),
        _ => bail!(
            "`dwell user add {EMAIL}` ended with {}\n{}",
            added.status,
            String::from_utf8_lossy(&added.stderr).trim_end()
        ),
    }
}

fn password(said: &str) -> Option<&str> {
    said.lines()
        .find_map(|line| line.strip_prefix("password: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_read_from_what_the_server_says() {
        let said = "email: you@example.com\npassword: a b: c\n";

        assert_eq!(password(said), Some("a b: c"));
        assert_eq!(password("email: you@example.com\n"), None);
    }
}
