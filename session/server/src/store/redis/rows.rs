//! Converts sessions to the arguments and from the answers of scripts.

use std::time::Duration;

use dwell_session::{Instant, Lifetime, whole_millis};
use fred::types::Value;

use crate::{
    PersonId,
    store::{
        Data, Expired, ListedSession, Lookup, NewSession, Origin, Presence, Session, SessionKey,
        SessionLimits, StoreError, Tombstone,
    },
};

/// The longest duration, in milliseconds. Lua uses floating-point numbers, in which the sum of this
/// duration and any time of this millennium is exact.
const MAX_MILLIS: u64 = 1 << 52;

/// The key, the person, the generation, the time of authentication, the last activity, the idle
/// timeout, the absolute timeout, and the end reason. Times and timeouts are in milliseconds.
pub(super) type Row = (String, String, String, i64, i64, u64, u64, Option<String>);

/// The time, and the session if there is one.
pub(super) type LookupRow = (i64, Option<Row>);

/// A session, its address, its browser and its credential.
pub(super) type ListedRow = (Row, String, String, Option<String>);

/// The key, the person, the reason and the time of the end.
pub(super) type ExpiredRow = (String, String, String, i64);

/// The arguments that describe a new session.
pub(super) fn new_session(session: &NewSession) -> Result<Vec<Value>, StoreError> {
    let mut arguments: Vec<Value> = vec![
        name(session.key),
        session.person.as_str().into(),
        session.generation.to_string().into(),
        millis(session.authenticated_ago).into(),
    ];
    let fields: [(&str, Value); 5] = [
        ("idle_limit", millis(session.limits.idle).into()),
        ("absolute_limit", millis(session.limits.absolute).into()),
        ("address", session.origin.address.as_str().into()),
        ("browser", session.origin.browser.as_str().into()),
        ("data", json(&session.data)?.into()),
    ];
    let provider = session.provider.as_ref();
    let optional = [
        ("credential", session.credential.as_ref()),
        ("issuer", provider.map(|provider| &provider.issuer)),
        ("subject", provider.map(|provider| &provider.subject)),
        (
            "provider_session",
            provider.and_then(|provider| provider.session.as_ref()),
        ),
    ];
    for (name, value) in fields {
        arguments.extend([name.into(), value]);
    }
    for (name, value) in optional {
        if let Some(value) = value {
            arguments.extend([name.into(), value.as_str().into()]);
        }
    }
    Ok(arguments)
}

/// The lifetime of a session that was created at `now`, in milliseconds.
pub(super) fn begun(session: &NewSession, now: i64) -> Lifetime {
    let authenticated_at = now.saturating_sub(millis(session.authenticated_ago));
    Lifetime::stored(
        Instant::from_millis(authenticated_at),
        Instant::from_millis(now),
    )
}

pub(super) fn lookup((now, row): LookupRow) -> Result<Lookup, StoreError> {
    let presence = match row {
        None => Presence::Unknown,
        Some((_, owner, generation, .., Some(reason))) => Presence::Ended(Tombstone {
            person: person(owner)?,
            generation: generation.parse().map_err(StoreError::new)?,
            reason: reason.parse().map_err(StoreError::new)?,
        }),
        Some(row) => Presence::Found(session(row)?),
    };
    Ok(Lookup {
        now: Instant::from_millis(now),
        presence,
    })
}

pub(super) fn listed(row: ListedRow) -> Result<ListedSession, StoreError> {
    let (row, address, browser, credential) = row;
    Ok(ListedSession {
        session: session(row)?,
        origin: Origin { address, browser },
        credential,
    })
}

pub(super) fn expired((name, owner, reason, ended_at): ExpiredRow) -> Result<Expired, StoreError> {
    Ok(Expired {
        key: key(&name)?,
        person: person(owner)?,
        reason: reason.parse().map_err(StoreError::new)?,
        ended_at: Instant::from_millis(ended_at),
    })
}

pub(super) fn person(id: String) -> Result<PersonId, StoreError> {
    id.try_into().map_err(StoreError::new)
}

/// A key as it is stored on the server.
pub(super) fn name(key: SessionKey) -> Value {
    key.to_hex().into()
}

pub(super) fn key(name: &str) -> Result<SessionKey, StoreError> {
    name.parse().map_err(StoreError::new)
}

pub(super) fn json(data: &Data) -> Result<String, StoreError> {
    serde_json::to_string(data).map_err(StoreError::new)
}

pub(super) fn millis(duration: Duration) -> i64 {
    whole_millis(duration).min(MAX_MILLIS).cast_signed()
}

fn session(row: Row) -> Result<Session, StoreError> {
    let (name, owner, generation, authenticated_at, last_active_at, idle, absolute, _) = row;
    Ok(Session {
        key: key(&name)?,
        person: person(owner)?,
        generation: generation.parse().map_err(StoreError::new)?,
        lifetime: Lifetime::stored(
            Instant::from_millis(authenticated_at),
            Instant::from_millis(last_active_at),
        ),
        limits: SessionLimits {
            idle: Duration::from_millis(idle),
            absolute: Duration::from_millis(absolute),
        },
    })
}
