//! The browsers that somebody has signed in from, as their cookies say.

use hmac::{Hmac, KeyInit as _, Mac as _, digest::InvalidLength};
use sha2::Sha256;
use tokio::sync::OnceCell;

use dwell::store::StoreError;

use crate::database::{Database, read, write};

/// The name of the key in the database.
const NAME: &str = "known_browsers";

/// A browser that has signed in before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KnownBrowser(u128);

/// Signs and checks what browsers show. All nodes do so with one key, which is kept in the
/// database.
#[derive(Debug, Default)]
pub(super) struct KnownBrowsers {
    key: OnceCell<Key>,
}

impl KnownBrowsers {
    /// The browser that shows `proof`, if somebody has signed in from it with this address.
    pub(super) async fn recognise(
        &self,
        database: &Database,
        email: &str,
        proof: &str,
    ) -> Result<Option<KnownBrowser>, StoreError> {
        Ok(self.key(database).await?.check(email, proof))
    }

    /// What the browser is to show from now on.
    pub(super) async fn prove(
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
    pub(super) fn fresh() -> Self {
        Self(rand::random())
    }
}

/// The signature of nothing yet. It cannot be printed.
#[derive(Debug)]
struct Key(Hmac<Sha256>);

impl Key {
    /// The key in the database, where the first who needs it has put it.
    async fn read(database: &Database) -> Result<Self, StoreError> {
        let made: u128 = rand::random();
        write!(database, |connection| {
            sqlx::query(
                "insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing",
            )
            .bind(NAME)
            .bind(format!("{made:032x}"))
            .execute(connection)
            .await
            .map(drop)
        })?;
        let (value,): (String,) = read!(database, |connection| {
            sqlx::query_as("select value from secrets where name = $1")
                .bind(NAME)
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

    fn check(&self, email: &str, proof: &str) -> Option<KnownBrowser> {
        let (id, signature) = proof.split_at_checked(32)?;
        let browser = KnownBrowser(u128::from_str_radix(id, 16).ok()?);
        let pairs = signature.as_bytes().chunks(2);
        let signature: Option<Vec<u8>> = pairs
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let mac = self.mac(email, browser);
        mac.verify_slice(&signature?).ok().map(|()| browser)
    }

    /// Of the browser's number, which has one length, and the address.
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
    fn a_browser_is_known_to_the_account_that_signed_in_from_it_and_to_no_other() {
        let key = Key::of("key").unwrap();
        let browser = KnownBrowser::fresh();
        let proof = key.sign("ada@example.com", browser);
        assert_eq!(key.check("ada@example.com", &proof), Some(browser));
        assert_eq!(key.check("bob@example.com", &proof), None);
        let other = Key::of("other").unwrap();
        assert_eq!(other.check("ada@example.com", &proof), None);
        for place in 0..proof.len() {
            let mut changed = proof.clone().into_bytes();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.check("ada@example.com", &changed), None, "{changed}");
        }
        for nothing in ["", "0", &proof[..32], &proof[..95], "é", &"+".repeat(96)] {
            assert_eq!(key.check("ada@example.com", nothing), None, "{nothing}");
        }
    }
}
