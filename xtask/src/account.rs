//! The account that is created when Dwell is started for the first time.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::process::{command, output};

pub(crate) const EMAIL: &str = "you@example.com";

/// The exit code of `dwell user add` if an account with the address exists.
const ACCOUNT_EXISTS: i32 = 3;

/// Creates the account and returns its password, or nothing if the account exists: then only the
/// hash of its password is known.
pub(crate) fn create(server: &Path) -> Result<Option<String>> {
    let added = output(command(server).args(["user", "add", EMAIL]))?;
    match added.status.code() {
        Some(0) => {
            let said = String::from_utf8(added.stdout)?;
            Ok(Some(
                password(&said)
                    .context("`dwell user add` printed no password")?
                    .to_owned(),
            ))
        }
        Some(ACCOUNT_EXISTS) => Ok(None),
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
    fn the_password_is_read_from_the_output_of_the_command() {
        let said = "email: you@example.com\npassword: a b: c\n";

        assert_eq!(password(said), Some("a b: c"));
        assert_eq!(password("email: you@example.com\n"), None);
    }
}
