//! The sessions in a backup of a database.

use dwell_session::{EndReason, Instant};
use sqlx::SqliteConnection;

use super::SqliteStore;

impl SqliteStore {
    /// Ends every session in the copy of a database that `copy` is connected to, at `now`, with the
    /// reason [`EndReason::Restored`]. Otherwise a backup that replaces its database would bring
    /// back sessions that have ended since the backup was made.
    ///
    /// # Errors
    ///
    /// The database failed, or does not have the tables of Dwell.
    pub async fn end_in_backup(
        copy: &mut SqliteConnection,
        now: Instant,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update dwell_sessions \
             set ended_at = $1, end_reason = $2, data = '{}', address = '', browser = '', \
             credential = null, issuer = null, subject = null, provider_session = null \
             where ended_at is null",
        )
        .bind(now.as_millis())
        .bind(EndReason::Restored.name())
        .execute(copy)
        .await?;
        Ok(())
    }
}
