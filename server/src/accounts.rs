//! The people who may sign in.

mod email;
mod passwords;

use std::sync::Arc;

pub use self::{
    email::{Email, InvalidEmail},
    passwords::{Busy, Password, PasswordError, Passwords, WeakPassword},
};
use crate::{account_id::AccountId, clock::Clock, database::Database, store::StoreError};

/// The accounts in the database.
#[derive(Debug, Clone)]
pub struct Accounts {
    database: Database,
    passwords: Arc<Passwords>,
    clock: Arc<dyn Clock>,
}

impl Accounts {
    /// The accounts in `database`.
    pub fn new(database: Database, passwords: Arc<Passwords>, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            passwords,
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
        let query = sqlx::query_as("select 1 from accounts limit 1");
        let _: Option<(i32,)> = self.database.read_optional(query).await?;
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
        let query = sqlx::query_as(
            "insert into accounts (email, password_hash, created_at) values ($1, $2, $3) \
             on conflict (email) do nothing returning id",
        )
        .bind(email.as_str().to_owned())
        .bind(hash)
        .bind(self.clock.now().as_millis());
        let added: Option<(AccountId,)> = self.database.fetch_optional(query).await?;
        added
            .map(|(id,)| id)
            .ok_or_else(|| AddAccountError::Taken(email.clone()))
    }

    /// The account with this address and this password. An unknown address takes as long as a
    /// wrong password.
    ///
    /// # Errors
    ///
    /// See [`SignInError`].
    pub async fn authenticate(
        &self,
        email: &str,
        password: Password,
    ) -> Result<AccountId, SignInError> {
        let known: Option<(AccountId, String)> = match email.parse::<Email>() {
            Ok(email) => {
                let query =
                    sqlx::query_as("select id, password_hash from accounts where email = $1")
                        .bind(email.as_str().to_owned());
                self.database.read_optional(query).await?
            }
            Err(InvalidEmail) => None,
        };
        let (account, hash) = known.unzip();
        let matches = self.passwords.verify(password, hash).await?;
        account
            .filter(|_| matches)
            .ok_or(SignInError::WrongCredentials)
    }

    /// The address of an account.
    ///
    /// # Errors
    ///
    /// The database failed.
    pub async fn email(&self, account: AccountId) -> Result<String, StoreError> {
        let query = sqlx::query_as("select email from accounts where id = $1").bind(account);
        let (email,) = self.database.read_one(query).await?;
        Ok(email)
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
    /// The password could not be checked.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
