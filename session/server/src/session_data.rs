//! The store of `tower_sessions` for the data that a program keeps in sessions.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use axum::http::StatusCode;
use dwell_session::{EndReason, Instant};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use crate::{
    refusal::Refusal,
    store::{SessionKey, Store, StoreError},
};

/// The size of the largest data that a program may keep in one session, in bytes of JSON: 16 KiB.
pub const LONGEST_DATA: usize = 16 * 1024;

/// A session store for the `Session` of `tower_sessions` that works on the live sessions of a
/// [`Store`].
///
/// Unlike the published stores, it never inserts a session when it should update one, and it
/// ignores the expiry that `tower_sessions` computes.
#[derive(Clone)]
pub(crate) struct SessionData(Arc<dyn Store>);

impl SessionData {
    /// The data of the sessions in `store`.
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

impl fmt::Debug for SessionData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionData")
    }
}

#[async_trait]
impl SessionStore for SessionData {
    /// This always fails, because only [signing in](crate::SignIn) begins a session. Otherwise the
    /// data of a handler without a session would be lost without an error.
    async fn create(&self, _: &mut Record) -> Result<()> {
        Err(data_error(DataError::NoSession))
    }

    /// This fails if the session has ended in the meantime.
    async fn save(&self, record: &Record) -> Result<()> {
        let key = SessionKey::of(&record.id);
        let length = serde_json::to_vec(&record.data).map_or(usize::MAX, |json| json.len());
        if length > LONGEST_DATA {
            return Err(data_error(DataError::TooLarge));
        }
        match self.0.set_data(key, &record.data).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(data_error(DataError::Ended)),
            Err(error) => Err(store_error(error)),
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.0.data(SessionKey::of(id)).await.map_err(store_error)?;
        Ok(found.map(|(data, deadline)| Record {
            id: *id,
            data,
            expiry_date: date(deadline),
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0
            .end(SessionKey::of(id), EndReason::SignedOut)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

/// The reason why the data of a session was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// There is no session to keep the data in.
    #[error("there is no session to keep the data in: only signing in begins a session")]
    NoSession,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// The data has more than [`LONGEST_DATA`] bytes.
    #[error("the data of a session must have at most {LONGEST_DATA} bytes")]
    TooLarge,
}

impl DataError {
    const ALL: [Self; 3] = [Self::NoSession, Self::Ended, Self::TooLarge];

    /// The reason in an error of a [`tower_sessions::Session`], if it has one. `None` means that the
    /// store has failed, or that a value could not be read or written as JSON.
    pub fn of(error: &tower_sessions::session::Error) -> Option<Self> {
        // `tower_sessions` passes on nothing but the message.
        let tower_sessions::session::Error::Store(Error::Backend(message)) = error else {
            return None;
        };
        Self::ALL
            .into_iter()
            .find(|reason| reason.to_string() == *message)
    }

    /// The answer to a request whose data was not written for this reason.
    pub(crate) fn refusal(self) -> Refusal {
        match self {
            Self::NoSession => Refusal::MISCONFIGURED,
            Self::Ended => Refusal::new(
                StatusCode::UNAUTHORIZED,
                "session_ended",
                "You are signed out",
                "Nothing was changed. Sign in, and repeat what you did.",
            ),
            Self::TooLarge => Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_much_data",
                "This is too much to keep",
                "Nothing was changed. Send less at once.",
            ),
        }
    }
}

fn data_error(error: DataError) -> Error {
    Error::Backend(error.to_string())
}

fn store_error(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

fn date(instant: Instant) -> OffsetDateTime {
    let nanos = i128::from(instant.as_millis()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
