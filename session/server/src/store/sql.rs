//! What the stores on SQL databases share: how values are written and read.

use std::time::Duration;

use dwell_session::{Instant, Lifetime};

use super::{
    Data, Expired, ListedSession, Origin, Presence, Session, SessionKey, SessionLimits, StoreError,
    Tombstone,
};
use crate::PersonId;

/// The longest timeout that is stored. It keeps deadlines within the range of 64-bit integers.
const MAX_LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The person, the generation, `authenticated_at`, `last_active_at`, `idle_limit`, `absolute_limit`
/// and the end reason.
pub(super) type SessionColumns<'r> = (&'r str, &'r str, i64, i64, i64, i64, Option<&'r str>);

/// The same columns, and the key, the address, the browser and the credential.
pub(super) type ListedColumns<'r> = (
    &'r str,
    &'r str,
    i64,
    i64,
    i64,
    i64,
    Option<&'r str>,
    &'r [u8],
    &'r str,
    &'r str,
    Option<&'r str>,
);

/// The key, the person, the time of the end and its reason.
pub(super) type ExpiredColumns<'r> = (&'r [u8], &'r str, i64, &'r str);

pub(super) fn presence(
    key: SessionKey,
    columns: SessionColumns<'_>,
) -> Result<Presence, StoreError> {
    let (person, generation, .., end_reason) = columns;
    let Some(reason) = end_reason else {
        return Ok(Presence::Found(session(key, columns)?));
    };
    Ok(Presence::Ended(Tombstone {
        person: self::person(person)?,
        generation: generation.parse().map_err(StoreError::new)?,
        reason: reason.parse().map_err(StoreError::new)?,
    }))
}

pub(super) fn listed(columns: ListedColumns<'_>) -> Result<ListedSession, StoreError> {
    let (
        person,
        generation,
        authenticated_at,
        last_active_at,
        idle,
        absolute,
        end_reason,
        key,
        address,
        browser,
        credential,
    ) = columns;
    let session_columns = (
        person,
        generation,
        authenticated_at,
        last_active_at,
        idle,
        absolute,
        end_reason,
    );
    Ok(ListedSession {
        session: session(self::key(key)?, session_columns)?,
        origin: Origin {
            address: address.to_owned(),
            browser: browser.to_owned(),
        },
        credential: credential.map(str::to_owned),
    })
}

fn session(key: SessionKey, columns: SessionColumns<'_>) -> Result<Session, StoreError> {
    let (person, generation, authenticated_at, last_active_at, idle, absolute, _) = columns;
    Ok(Session {
        key,
        person: self::person(person)?,
        generation: generation.parse().map_err(StoreError::new)?,
        lifetime: Lifetime::stored(
            Instant::from_millis(authenticated_at),
            Instant::from_millis(last_active_at),
        ),
        limits: SessionLimits {
            idle: duration(idle),
            absolute: duration(absolute),
        },
    })
}

pub(super) fn expired(columns: ExpiredColumns<'_>) -> Result<Expired, StoreError> {
    let (key, person, ended_at, reason) = columns;
    Ok(Expired {
        key: self::key(key)?,
        person: self::person(person)?,
        reason: reason.parse().map_err(StoreError::new)?,
        ended_at: Instant::from_millis(ended_at),
    })
}

pub(super) fn key(bytes: &[u8]) -> Result<SessionKey, StoreError> {
    let bytes = <[u8; 32]>::try_from(bytes).map_err(StoreError::new)?;
    Ok(SessionKey::from_bytes(bytes))
}

pub(super) fn person(text: &str) -> Result<PersonId, StoreError> {
    text.parse().map_err(StoreError::new)
}

pub(super) fn data(json: &str) -> Result<Data, StoreError> {
    serde_json::from_str(json).map_err(StoreError::new)
}

pub(super) fn json(data: &Data) -> Result<String, StoreError> {
    serde_json::to_string(data).map_err(StoreError::new)
}

/// The milliseconds of a timeout.
pub(super) fn limit(duration: Duration) -> i64 {
    millis(duration.min(MAX_LIMIT))
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A duration from milliseconds. A negative number becomes zero.
pub(super) fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
