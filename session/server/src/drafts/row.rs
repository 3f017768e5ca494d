//! A row of the table `dwell_drafts`.

use dwell_session::Instant;
use sqlx::FromRow;

use super::StoredDraft;
use crate::store::StoreError;

/// The columns `id, form, fields, session, saved_at, used_up_at, expires_at`.
#[derive(Debug, FromRow)]
pub(super) struct Row {
    id: String,
    form: String,
    fields: Option<String>,
    /// Empty if the draft was used up before it was saved for the first time.
    session: String,
    saved_at: i64,
    used_up_at: Option<i64>,
    expires_at: i64,
}

impl TryFrom<Row> for StoredDraft {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let session = match row.session.as_str() {
            "" => None,
            session => Some(session.parse().map_err(StoreError::new)?),
        };
        Ok(Self {
            id: row.id.parse().map_err(StoreError::new)?,
            form: row.form,
            fields: row.fields,
            session,
            saved_at: Instant::from_millis(row.saved_at),
            used_up_at: row.used_up_at.map(Instant::from_millis),
            expires_at: Instant::from_millis(row.expires_at),
        })
    }
}
