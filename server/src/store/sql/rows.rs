//! What the databases answer.

use dwell_session::{Instant, Lifetime};
use sqlx::FromRow;

use crate::{
    account_id::AccountId,
    store::{
        ListedSession, Origin, Presence, Session, SessionKey, Sighting, StoreError, Swept,
        Tombstone,
    },
};

#[derive(FromRow)]
pub(super) struct Row {
    now: i64,
    key: Vec<u8>,
    account: AccountId,
    generation: String,
    authenticated_at: i64,
    last_active_at: i64,
    address: String,
    browser: String,
    end_reason: Option<String>,
}

impl TryFrom<Row> for Sighting {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let now = Instant::from_millis(row.now);
        let presence = match &row.end_reason {
            Some(reason) => Presence::Ended(Tombstone {
                account: row.account,
                generation: row.generation.parse().map_err(StoreError::new)?,
                reason: reason.parse().map_err(StoreError::new)?,
            }),
            None => Presence::Found(row.session()?),
        };
        Ok(Self { now, presence })
    }
}

impl Row {
    fn session(&self) -> Result<Session, StoreError> {
        Ok(Session {
            key: key(&self.key)?,
            account: self.account,
            generation: self.generation.parse().map_err(StoreError::new)?,
            lifetime: Lifetime::stored(
                Instant::from_millis(self.authenticated_at),
                Instant::from_millis(self.last_active_at),
            ),
        })
    }
}

impl TryFrom<Row> for ListedSession {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            session: row.session()?,
            origin: Origin {
                address: row.address,
                browser: row.browser,
            },
        })
    }
}

#[derive(FromRow)]
pub(super) struct SweptRow {
    key: Vec<u8>,
    account: AccountId,
    ended_at: i64,
    end_reason: String,
}

impl TryFrom<SweptRow> for Swept {
    type Error = StoreError;

    fn try_from(row: SweptRow) -> Result<Self, Self::Error> {
        Ok(Self {
            key: key(&row.key)?,
            account: row.account,
            reason: row.end_reason.parse().map_err(StoreError::new)?,
            ended_at: Instant::from_millis(row.ended_at),
        })
    }
}

pub(super) fn key(bytes: &[u8]) -> Result<SessionKey, StoreError> {
    let bytes = <[u8; 32]>::try_from(bytes).map_err(StoreError::new)?;
    Ok(SessionKey(bytes))
}
