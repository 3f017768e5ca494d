//! Device cookies: signed values by which a browser shows that somebody has signed in to an account
//! from it before.

use hmac::{Hmac, KeyInit as _, Mac as _, digest::InvalidLength};
use sha2::Sha256;
use tokio::sync::OnceCell;

use dwell::store::StoreError;

use crate::database::{Database, read, write};

/// The name of the signing key in the table `secrets`.
const KEY_NAME: &str = "known_browsers";

/// The random number of a browser that somebody has signed in from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KnownBrowser(u128);

/// Signs and verifies device cookies. All nodes use one key, which is kept in the database.
#[derive(Debug, Default)]
pub(super) struct DeviceCookies {
    key: OnceCell<Key>,
}

impl DeviceCookies {
    /// The browser that `cookie` names, if the cookie is valid for this address.
    pub(super) async fn verify(
        &self,
        database: &Database,
        email: &str,
        cookie: &str,
    ) -> Result<Option<KnownBrowser>, StoreError> {
        Ok(self.key(database).await?.verify(email, cookie))
    }

    /// A cookie which shows that somebody has signed in with this address from `browser`.
    pub(super) async fn issue(
        &self,
        database: &Database,
        email: &str,
        browser: KnownBrowser,
    ) -> Result<String, StoreError> {
        Ok(self.key(database).await?.sign(email, browser))
    }

    async fn key(&self, database: &Database) -> Result<&Key, StoreError> {
        self.key.get_or_try_init(|| Key::read(database)).await
    }
}

impl KnownBrowser {
    pub(super) fn random() -> Self {
        Self(rand::random())
    }
}

/// An HMAC with the key and no data. Its debug output does not show the key.
#[derive(Debug)]
struct Key(Hmac<Sha256>);

impl Key {
    /// Reads the key from the database, and creates it if there is none.
    async fn read(database: &Database) -> Result<Self, StoreError> {
        let made: u128 = rand::random();
        write!(database, |connection| {
            sqlx::query(
                "insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing",
            )
            .bind(KEY_NAME)
            .bind(format!("{made:032x}"))
            .execute(connection)
            .await
            .map(drop)
        })?;
        let (value,): (String,) = read!(database, |connection| {
            sqlx::query_as("select value from secrets where name = $1")
                .bind(KEY_NAME)
                .fetch_one(connection)
                .await
        })?;
        Self::of(&value).map_err(StoreError::new)
    }

    fn of(value: &str) -> Result<Self, InvalidLength> {
        Hmac::new_from_slice(value.as_bytes()).map(Self)
    }

    fn sign(&self, email: &str, browser: KnownBrowser) -> String {
        let signature = self.mac(email, browser).finalize().into_bytes();
        let signature = signature.iter().map(|byte| format!("{byte:02x}"));
        format!("{:032x}{}", browser.0, signature.collect::<String>())
    }

    fn verify(&self, email: &str, cookie: &str) -> Option<KnownBrowser> {
        let (id, signature) = cookie.split_at_checked(32)?;
        let browser = KnownBrowser(u128::from_str_radix(id, 16).ok()?);
        let pairs = signature.as_bytes().chunks(2);
        let signature: Option<Vec<u8>> = pairs
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let mac = self.mac(email, browser);
        mac.verify_slice(&signature?).ok().map(|()| browser)
    }

    /// The signature of a browser and an address. The browser comes first because its length is
    /// fixed, so that no other pair gives the same bytes.
    fn mac(&self, email: &str, browser: KnownBrowser) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(&browser.0.to_be_bytes());
        mac.update(email.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_cookie_is_valid_only_as_it_was_signed_and_for_its_account() {
        let key = Key::of("key").unwrap();
        let browser = KnownBrowser::random();
        let cookie = key.sign("ada@example.com", browser);
        assert_eq!(key.verify("ada@example.com", &cookie), Some(browser));
        assert_eq!(key.verify("bob@example.com", &cookie), None);
        let other = Key::of("other").unwrap();
        assert_eq!(other.verify("ada@example.com", &cookie), None);
        for place in 0..cookie.len() {
            let mut changed = cookie.clone().into_bytes();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.verify("ada@example.com", &changed), None, "{changed}");
        }
        for invalid in ["", "0", &cookie[..32], &cookie[..95], "é", &"+".repeat(96)] {
            assert_eq!(key.verify("ada@example.com", invalid), None, "{invalid}");
        }
    }
}
