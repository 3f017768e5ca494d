//! The store as `tower_sessions` sees it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use dwell_session::{EndReason, Instant};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{SessionKey, Store, StoreError};

/// Lets `SessionManagerLayer` and `Session` work on the live sessions of a [`Store`].
///
/// Unlike the published stores it never inserts where it means to update, and the expiry that
/// `tower_sessions` computes has no say: the lifetime alone decides.
#[derive(Clone)]
pub struct TowerSessions(Arc<dyn Store>);

impl TowerSessions {
    /// The view of `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

impl fmt::Debug for TowerSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TowerSessions")
    }
}

#[async_trait]
impl SessionStore for TowerSessions {
    /// Refuses: a session begins with signing in, in [`Sessions::begin`](crate::sessions::Sessions),
    /// and in no other way. What is written into a session that is not there is an error, not lost.
    async fn create(&self, _: &mut Record) -> Result<()> {
        Err(Error::Backend("a session begins with signing in".into()))
    }

    /// Fails where the session has ended meanwhile, so that no cookie is given out for it.
    async fn save(&self, record: &Record) -> Result<()> {
        let key = SessionKey::of(&record.id);
        match self.0.set_data(key, &record.data).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Backend("the session has ended".into())),
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

fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

fn date(instant: Instant) -> OffsetDateTime {
    let nanos = i128::from(instant.as_millis()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
