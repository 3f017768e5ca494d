//! The data of sessions as `tower_sessions` sees it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use dwell_session::{EndReason, Instant};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use crate::store::{SessionKey, Store, StoreError};

/// The most that a program may keep in one session, in bytes of JSON.
pub const LONGEST_DATA: usize = 16 * 1024;

/// Lets `SessionManagerLayer` and `Session` work on the live sessions of a [`Store`].
///
/// Unlike the published stores it never inserts where it means to update, and the expiry that
/// `tower_sessions` computes has no say: the lifetime alone decides.
#[derive(Clone)]
pub(crate) struct SessionData(Arc<dyn Store>);

impl SessionData {
    /// The view of `store`.
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
    /// Refuses: a session begins with [signing in](crate::SignIn), and in no other way. What is
    /// written into a session that is not there is an error, and not lost without a word.
    async fn create(&self, _: &mut Record) -> Result<()> {
        Err(refused(DataError::NoSession))
    }

    /// Fails where the session has ended meanwhile, so that no cookie is given out for it.
    async fn save(&self, record: &Record) -> Result<()> {
        let key = SessionKey::of(&record.id);
        let length = serde_json::to_vec(&record.data).map_or(usize::MAX, |json| json.len());
        if length > LONGEST_DATA {
            return Err(refused(DataError::TooLarge));
        }
        match self.0.set_data(key, &record.data).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused(DataError::Ended)),
            Err(error) => Err(backend(error)),
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.0.data(SessionKey::of(id)).await.map_err(backend)?;
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
            .map_err(backend)?;
        Ok(())
    }
}

/// The data of a session was not written. `tower_sessions` hands it on as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// There is no session that it could be kept in.
    #[error("there is no session: one begins with signing in, and in no other way")]
    NoSession,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// It is too much.
    #[error("a session holds at most {LONGEST_DATA} bytes of data")]
    TooLarge,
}

fn refused(error: DataError) -> Error {
    Error::Backend(error.to_string())
}

fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

fn date(instant: Instant) -> OffsetDateTime {
    let nanos = i128::from(instant.as_millis()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
