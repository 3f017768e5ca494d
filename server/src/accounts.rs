//! Accounts: the people who may sign in.

mod attempts;
mod device_cookies;
mod email;
mod fair_queue;
mod passwords;
mod rate_limiter;

use std::{fmt, net::IpAddr, sync::Arc};

use self::{
    attempts::{Attempt, Attempts, QueueKey},
    device_cookies::{DeviceCookies, KnownBrowser},
};
pub use self::{
    attempts::{AttemptLimit, TooManyAttempts},
    email::{Email, InvalidEmail},
    fair_queue::Busy,
    passwords::{Password, PasswordError, Passwords, WeakPassword},
};
use dwell::{PersonId, clock::Clock, store::StoreError};

use crate::database::{Database, read, write};

/// The number by which the database identifies an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct AccountId(i64);

impl AccountId {
    /// Reads the number of the account from the id under which the sessions know the person.
    ///
    /// # Errors
    ///
    /// The id is not a number.
    pub fn of(person: &PersonId) -> Result<Self, StoreError> {
        let number = person.as_str().parse().map_err(StoreError::new)?;
        Ok(Self(number))
    }
}

impl From<AccountId> for PersonId {
    fn from(account: AccountId) -> Self {
        account.0.into()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The accounts in the database.
#[derive(Debug, Clone)]
pub struct Accounts {
    database: Database,
    passwords: Arc<Passwords>,
    attempts: Arc<Attempts>,
    device_cookies: Arc<DeviceCookies>,
    clock: Arc<dyn Clock>,
}

/// Where an attempt to sign in comes from.
#[derive(Debug, Default)]
pub struct Client {
    /// The network address of the client.
    pub address: Option<IpAddr>,
    /// The value of the device cookie, by which a browser shows that somebody has signed in from
    /// it before.
    pub device_cookie: Option<String>,
}

/// The result of a successful attempt to sign in.
#[derive(Debug)]
pub struct Authenticated {
    /// The account that was signed in to.
    pub account: AccountId,
    /// The value of the device cookie that the browser is to keep.
    pub device_cookie: String,
}

impl Accounts {
    /// The accounts in `database`.
    pub fn new(database: Database, passwords: Arc<Passwords>, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            passwords,
            attempts: Arc::default(),
            device_cookies: Arc::default(),
            clock,
        }
    }

    /// Whether the database answers, and can be written.
    ///
    /// # Errors
    ///
    /// The database does not answer, or cannot be written.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.database.is_usable().map_err(StoreError::new)?;
        let _: Option<(i32,)> = read!(&self.database, |connection| {
            sqlx::query_as("select 1 from accounts limit 1")
                .fetch_optional(connection)
                .await
        })?;
        Ok(())
    }

    /// Adds an account.
    ///
    /// # Errors
    ///
    /// See [`AddAccountError`].
    pub async fn add(
        &self,
        email: &Email,
        password: Password,
    ) -> Result<AccountId, AddAccountError> {
        let hash = self.passwords.hash(password).await?;
        let (address, now) = (email.as_str().to_owned(), self.clock.now().as_millis());
        let added: Vec<(AccountId,)> = write!(&self.database, |connection| {
            sqlx::query_as(
                "insert into accounts (email, password_hash, created_at) values ($1, $2, $3) \
                 on conflict (email) do nothing returning id",
            )
            .bind(address)
            .bind(hash)
            .bind(now)
            .fetch_all(connection)
            .await
        })?;
        match added.first() {
            Some((id,)) => Ok(*id),
            None => Err(AddAccountError::Taken(email.clone())),
        }
    }

    /// Checks an e-mail address and a password. An unknown address takes as long as a wrong
    /// password, and the same limits on attempts apply to it.
    ///
    /// # Errors
    ///
    /// See [`SignInError`].
    pub async fn authenticate(
        &self,
        email: &str,
        password: Password,
        client: &Client,
    ) -> Result<Authenticated, SignInError> {
        let parsed: Option<Email> = email.parse().ok();
        let email = parsed.as_ref().map_or(email, Email::as_str);
        let known = match &client.device_cookie {
            Some(cookie) => {
                let cookies = &self.device_cookies;
                cookies.verify(&self.database, email, cookie).await?
            }
            None => None,
        };
        let now = self.clock.now();
        let attempt = self.attempts.begin(email, client.address, known, now)?;
        let verified = self.verify(parsed.as_ref(), password, attempt.queue).await;
        let account = match verified {
            Ok((Some(account), true)) => account,
            Ok((account, _)) => {
                alarm(&attempt, account, client);
                return Err(SignInError::WrongCredentials);
            }
            Err(error) => {
                attempt.give_back();
                return Err(error);
            }
        };
        attempt.give_back();
        let browser = known.unwrap_or_else(KnownBrowser::random);
        let cookies = &self.device_cookies;
        let device_cookie = cookies.issue(&self.database, email, browser).await?;
        Ok(Authenticated {
            account,
            device_cookie,
        })
    }

    /// The account with this address, and whether it has this password.
    async fn verify(
        &self,
        email: Option<&Email>,
        password: Password,
        queue: QueueKey,
    ) -> Result<(Option<AccountId>, bool), SignInError> {
        let known: Option<(AccountId, String)> = match email {
            Some(email) => {
                let address = email.as_str().to_owned();
                read!(&self.database, |connection| {
                    sqlx::query_as("select id, password_hash from accounts where email = $1")
                        .bind(address)
                        .fetch_optional(connection)
                        .await
                })?
            }
            None => None,
        };
        let (account, hash) = known.unzip();
        let matches = self.passwords.verify(queue, password, hash).await?;
        Ok((account, matches))
    }

    /// The e-mail address of an account, if the account exists.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn email(&self, account: AccountId) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = read!(&self.database, |connection| {
            sqlx::query_as("select email from accounts where id = $1")
                .bind(account)
                .fetch_optional(connection)
                .await
        })?;
        Ok(row.map(|(email,)| email))
    }
}

/// Logs a warning for each limit that this attempt has used up.
fn alarm(attempt: &Attempt<'_>, account: Option<AccountId>, client: &Client) {
    for limit in attempt.used_up() {
        tracing::warn!(
            event = "sign_in_alarm",
            limit = limit.name(),
            account = account.map(tracing::field::display),
            address = client.address.map(tracing::field::display),
            "too many wrong attempts to sign in"
        );
    }
}

/// An account cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum AddAccountError {
    /// An account with this address exists.
    #[error("there is an account with the address {0} already")]
    Taken(Email),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An attempt to sign in was not successful.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The address or the password is wrong. Which of them is not told.
    #[error("the address or the password is wrong")]
    WrongCredentials,
    /// There have been too many attempts, so the password was not verified.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// The password could not be checked.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
