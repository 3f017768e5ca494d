//! The people who may sign in.

mod allowances;
mod attempts;
mod email;
mod known_browsers;
mod passwords;
mod turns;

use std::{fmt, net::IpAddr, sync::Arc};

use self::{
    attempts::{Attempt, Attempts, Line},
    known_browsers::{KnownBrowser, KnownBrowsers},
};
pub use self::{
    attempts::{Lane, TooMany},
    email::{Email, InvalidEmail},
    passwords::{Password, PasswordError, Passwords, WeakPassword},
    turns::Busy,
};
use dwell::{PersonId, clock::Clock, store::StoreError};

use crate::database::{Database, read, write};

/// Names an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct AccountId(i64);

impl AccountId {
    /// The account of a person that was named by its number.
    ///
    /// # Errors
    ///
    /// The person has another name.
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
    browsers: Arc<KnownBrowsers>,
    clock: Arc<dyn Clock>,
}

/// Where an attempt to sign in comes from.
#[derive(Debug, Default)]
pub struct Client {
    /// The address.
    pub address: Option<IpAddr>,
    /// What the browser shows to prove that somebody has signed in from it before.
    pub proof: Option<String>,
}

/// Somebody has proved who they are.
#[derive(Debug)]
pub struct Authenticated {
    /// Who it is.
    pub account: AccountId,
    /// What the browser is to show from now on when they sign in.
    pub proof: String,
}

impl Accounts {
    /// The accounts in `database`.
    pub fn new(database: Database, passwords: Arc<Passwords>, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            passwords,
            attempts: Arc::default(),
            browsers: Arc::default(),
            clock,
        }
    }

    /// Whether the database answers, and can be written.
    ///
    /// # Errors
    ///
    /// It does not, or cannot.
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

    /// The account with this address and this password. An unknown address takes as long as a
    /// wrong password, and as many attempts are allowed.
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
        let known = match &client.proof {
            Some(proof) => {
                let browsers = &self.browsers;
                browsers.recognise(&self.database, email, proof).await?
            }
            None => None,
        };
        let now = self.clock.now();
        let attempt = self.attempts.begin(email, client.address, known, now)?;
        let verified = self.verify(parsed.as_ref(), password, attempt.line).await;
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
        let browser = known.unwrap_or_else(KnownBrowser::fresh);
        let proof = self.browsers.prove(&self.database, email, browser).await?;
        Ok(Authenticated { account, proof })
    }

    /// The account with this address, and whether it has this password.
    async fn verify(
        &self,
        email: Option<&Email>,
        password: Password,
        line: Line,
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
        let matches = self.passwords.verify(line, password, hash).await?;
        Ok((account, matches))
    }

    /// The address of an account, if it is there.
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

/// Writes down that somebody has used up the attempts there are: at a known account, or from one
/// address.
fn alarm(attempt: &Attempt<'_>, account: Option<AccountId>, client: &Client) {
    for lane in attempt.used_up() {
        tracing::warn!(
            event = "sign_in_alarm",
            lane = lane.name(),
            account = account.map(tracing::field::display),
            address = client.address.map(tracing::field::display),
            "too many wrong attempts to sign in"
        );
    }
}

/// An account cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum AddAccountError {
    /// There is one with this address.
    #[error("there is an account with the address {0} already")]
    Taken(Email),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The address or the password is not right; which of them is not told.
    #[error("the address or the password is not right")]
    WrongCredentials,
    /// There have been too many attempts; this one was not made.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The password could not be checked.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
