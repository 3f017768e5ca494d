//! Hashing passwords with Argon2id, off the async threads and a few at a time.

use std::{fmt, sync::Arc};

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::task::spawn_blocking;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    attempts::Line,
    turns::{Busy, Turns},
};

/// NIST SP 800-63B asks for at least eight characters, and to accept long ones.
const SHORTEST: usize = 8;
const LONGEST: usize = 1_024;

/// A password in clear. It cannot be printed.
pub struct Password {
    /// What is hashed: NFKC, as NIST SP 800-63B says, since keyboards write one and the same
    /// character in different ways.
    normal: String,
    /// As it was typed, where that differs. A hash from before passwords were normalised is of it.
    typed: Option<String>,
}

impl Password {
    /// A password that was typed, whatever it is.
    pub fn typed(text: String) -> Self {
        let normal: String = text.nfkc().collect();
        let typed = (normal != text).then_some(text);
        Self { normal, typed }
    }

    /// A password that may be chosen for an account.
    ///
    /// # Errors
    ///
    /// It is too short or too long.
    pub fn chosen(text: String) -> Result<Self, WeakPassword> {
        let password = Self::typed(text);
        let Self { normal, .. } = &password;
        if normal.chars().count() >= SHORTEST && normal.len() <= LONGEST {
            Ok(password)
        } else {
            Err(WeakPassword)
        }
    }

    /// A password of 100 random bits, with its text to hand out once.
    pub fn generated() -> (Self, String) {
        /// 32 characters that are not mistaken for one another.
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bits: u128 = rand::random();
        let mut text = String::new();
        for position in 0..20 {
            if position > 0 && position % 5 == 0 {
                text.push('-');
            }
            let index = usize::try_from(bits % 32).unwrap_or_default();
            text.push(char::from(ALPHABET[index]));
            bits /= 32;
        }
        (Self::typed(text.clone()), text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A password that may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password has at least {SHORTEST} characters and at most {LONGEST} bytes")]
pub struct WeakPassword;

/// Hashes and verifies passwords.
#[derive(Debug)]
pub struct Passwords {
    turns: Arc<Turns>,
    /// The hash of a password that nobody has, verified where the address is unknown.
    nobodys: String,
}

impl Passwords {
    /// Works on at most `at_once` passwords at a time. Each takes about 20 MiB of memory.
    ///
    /// # Errors
    ///
    /// The operating system gives no random bytes.
    pub fn new(at_once: usize) -> Result<Self, PasswordError> {
        let (nobodys, _) = Password::generated();
        Ok(Self {
            turns: Arc::new(Turns::new(at_once)),
            nobodys: hash(&nobodys)?,
        })
    }

    /// The hash of a password, with its salt and parameters, as PHC text.
    ///
    /// # Errors
    ///
    /// See [`PasswordError`].
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        self.in_turn(Line::Operator, move || hash(&password)).await
    }

    /// Whether `password` is the one that was hashed. Takes as long where there is no hash.
    ///
    /// # Errors
    ///
    /// See [`PasswordError`].
    pub(super) async fn verify(
        &self,
        line: Line,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobodys.clone());
        self.in_turn(line, move || {
            let Password { normal, typed } = password;
            let matches = [Some(normal), typed].into_iter().flatten().any(|text| {
                let verified = Argon2::default().verify_password(text.as_bytes(), hash.as_str());
                verified.is_ok()
            });
            Ok(matches && is_known)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        line: Line,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = self.turns.take(line).await?;
        spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .map_err(|_| PasswordError::Hash)?
    }
}

fn hash(password: &Password) -> Result<String, PasswordError> {
    Argon2::default()
        .hash_password(password.normal.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Hash)
}

/// A password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Not in time.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Not at all.
    #[error("hashing a password failed")]
    Hash,
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_hash_and_no_other() {
        let passwords = Passwords::new(1).unwrap();
        let typed = |text: &str| Password::typed(text.into());
        let hash = passwords.hash(typed("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        let verify = |password, hash| passwords.verify(Line::Operator, password, hash);
        assert!(
            verify(typed("correct horse"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!verify(typed("Correct horse"), Some(hash)).await.unwrap());
        assert!(!verify(typed("correct horse"), None).await.unwrap());
    }

    #[tokio::test]
    async fn no_more_passwords_than_allowed_are_worked_on_at_a_time() {
        let passwords = Passwords::new(2).unwrap();
        let (working, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let pair = Arc::new(Barrier::new(2));
        let work = |_| {
            let (working, most) = (Arc::clone(&working), Arc::clone(&most));
            let pair = Arc::clone(&pair);
            passwords.in_turn(Line::Operator, move || {
                most.fetch_max(working.fetch_add(1, SeqCst) + 1, SeqCst);
                // Each waits for another, and then for whoever should not be there.
                pair.wait();
                for _ in 0..10 {
                    std::thread::yield_now();
                }
                working.fetch_sub(1, SeqCst);
                Ok(())
            })
        };
        let done = join_all((0..16).map(work)).await;
        assert!(done.iter().all(Result::is_ok));
        assert_eq!(most.load(SeqCst), 2);
    }

    #[test]
    fn a_generated_password_may_be_chosen_and_is_not_made_twice() {
        let (_, first) = Password::generated();
        let (_, second) = Password::generated();
        assert_ne!(first, second);
        assert!(Password::chosen(first).is_ok());
    }

    #[test]
    fn a_short_password_may_not_be_chosen() {
        assert!(Password::chosen("1234567".into()).is_err());
        assert!(Password::chosen("x".repeat(LONGEST + 1)).is_err());
    }
}
