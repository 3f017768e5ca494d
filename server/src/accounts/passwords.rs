//! Hashes and verifies passwords with Argon2id, on blocking threads and a few at a time.

use std::{fmt, sync::Arc};

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::task::spawn_blocking;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    attempts::QueueKey,
    fair_queue::{Busy, FairSemaphore},
};

/// NIST SP 800-63B requires at least eight characters, and that long passwords are accepted.
const MIN_CHARACTERS: usize = 8;
const MAX_BYTES: usize = 1_024;

/// A password in clear text, which its debug output does not show.
pub struct Password {
    /// The text that is hashed. It is in Unicode form NFKC, as NIST SP 800-63B recommends, because
    /// keyboards enter the same character in different ways.
    normal: String,
    /// The text as it was typed, if that differs. Hashes from before passwords were normalised
    /// are of this text.
    typed: Option<String>,
}

impl Password {
    /// A password that was typed to sign in. It may have any length.
    pub fn typed(text: String) -> Self {
        let normal: String = text.nfkc().collect();
        let typed = (normal != text).then_some(text);
        Self { normal, typed }
    }

    /// A new password for an account.
    ///
    /// # Errors
    ///
    /// It is too short or too long.
    pub fn chosen(text: String) -> Result<Self, WeakPassword> {
        let password = Self::typed(text);
        let Self { normal, .. } = &password;
        if normal.chars().count() >= MIN_CHARACTERS && normal.len() <= MAX_BYTES {
            Ok(password)
        } else {
            Err(WeakPassword)
        }
    }

    /// A password of 100 random bits, and its text, which is shown once.
    pub fn generated() -> (Self, String) {
        /// 32 characters that are not easily mistaken for one another.
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

/// The password is too short or too long to be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password has at least {MIN_CHARACTERS} characters and at most {MAX_BYTES} bytes")]
pub struct WeakPassword;

/// Hashes and verifies passwords.
#[derive(Debug)]
pub struct Passwords {
    semaphore: Arc<FairSemaphore>,
    /// The hash of a random password. It is verified if the address is unknown, so that the answer
    /// takes as long as for a known one.
    dummy_hash: String,
}

impl Passwords {
    /// Works on at most `max_concurrent` passwords at a time, each of which takes about 20 MiB of
    /// memory.
    ///
    /// # Errors
    ///
    /// The operating system does not provide random bytes.
    pub fn new(max_concurrent: usize) -> Result<Self, PasswordError> {
        let (dummy, _) = Password::generated();
        Ok(Self {
            semaphore: Arc::new(FairSemaphore::new(max_concurrent)),
            dummy_hash: hash(&dummy)?,
        })
    }

    /// Hashes a password. The result has the PHC string format, with the salt and the parameters.
    ///
    /// # Errors
    ///
    /// See [`PasswordError`].
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        self.run_queued(QueueKey::Operator, move || hash(&password))
            .await
    }

    /// Whether `password` is the one that was hashed. If there is no hash, the answer takes just as
    /// long.
    ///
    /// # Errors
    ///
    /// See [`PasswordError`].
    pub(super) async fn verify(
        &self,
        queue: QueueKey,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy_hash.clone());
        self.run_queued(queue, move || {
            let Password { normal, typed } = password;
            let matches = [Some(normal), typed].into_iter().flatten().any(|text| {
                let verified = Argon2::default().verify_password(text.as_bytes(), hash.as_str());
                verified.is_ok()
            });
            Ok(matches && is_known)
        })
        .await
    }

    async fn run_queued<T: Send + 'static>(
        &self,
        queue: QueueKey,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = self.semaphore.acquire(queue).await?;
        spawn_blocking(move || {
            let _permit = permit;
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
    /// Too many others are waiting, or it took too long until it was worked on.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Argon2 reported an error, or the thread panicked.
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
        let verify = |password, hash| passwords.verify(QueueKey::Operator, password, hash);
        assert!(
            verify(typed("correct horse"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!verify(typed("Correct horse"), Some(hash)).await.unwrap());
        assert!(!verify(typed("correct horse"), None).await.unwrap());
    }

    #[tokio::test]
    async fn the_number_of_passwords_that_are_worked_on_at_a_time_is_limited() {
        let passwords = Passwords::new(2).unwrap();
        let (working, max) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let pair = Arc::new(Barrier::new(2));
        let work = |_| {
            let (working, max) = (Arc::clone(&working), Arc::clone(&max));
            let pair = Arc::clone(&pair);
            passwords.run_queued(QueueKey::Operator, move || {
                max.fetch_max(working.fetch_add(1, SeqCst) + 1, SeqCst);
                // Two work at the same time, and then give a third the time to begin.
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
        assert_eq!(max.load(SeqCst), 2);
    }

    #[test]
    fn a_generated_password_may_be_chosen_and_is_not_generated_twice() {
        let (_, first) = Password::generated();
        let (_, second) = Password::generated();
        assert_ne!(first, second);
        assert!(Password::chosen(first).is_ok());
    }

    #[test]
    fn a_password_that_is_too_short_or_too_long_may_not_be_chosen() {
        assert!(Password::chosen("1234567".into()).is_err());
        assert!(Password::chosen("x".repeat(MAX_BYTES + 1)).is_err());
    }
}
