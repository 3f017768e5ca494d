//! Statements that SQLite and PostgreSQL have in common.

use dwell_conformance::Deed;

/// How many sessions are stored.
pub const COUNT: &str = "select count(*) from dwell_sessions";

/// Everything of the session with the key `$1` that may tell something about its person.
pub const PERSONAL_DATA: &str = "select data || address || browser || coalesce(credential, '')
    || coalesce(issuer, '') || coalesce(subject, '') || coalesce(provider_session, '')
    from dwell_sessions where key = $1";

/// What an operator types to do this, to the session with the key `$1` if it is about one session.
pub fn by_hand(deed: Deed) -> &'static str {
    match deed {
        Deed::End => {
            "update dwell_sessions set ended_at = 1, end_reason = 'revoked' where key = $1"
        }
        Deed::Delete => "delete from dwell_sessions where key = $1",
        Deed::DeleteAll => "delete from dwell_sessions",
        Deed::Postpone => {
            "update dwell_sessions set last_active_at = last_active_at + 3600000,
             authenticated_at = authenticated_at + 3600000 where key = $1"
        }
    }
}
