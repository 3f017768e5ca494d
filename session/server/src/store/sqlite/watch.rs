//! Notices when another process changes the database.

use sqlx::{AssertSqlSafe, Executor as _};
use tokio::time::sleep;

use super::SqliteStore;
use crate::{
    sqlite::Database,
    store::{Listener, Store as _, StoreError, listener::BEAT_INTERVAL},
};

/// Watches the database until this fails. Only this process ends sessions in the database, except
/// for an operator, whose changes nobody reports. Therefore `listener` begins anew whenever another
/// process has written.
pub(super) async fn watch(store: &SqliteStore, listener: &dyn Listener) -> StoreError {
    loop {
        sleep(BEAT_INTERVAL).await;
        let checked = async {
            store.ping().await?;
            has_been_changed(&store.database).await
        };
        match checked.await {
            Ok(true) => {
                listener.begin();
                listener.always_caught_up();
            }
            Ok(false) => {}
            Err(error) => return error,
        }
    }
}

/// Whether another process may have written into `database` since this was last called.
///
/// `data_version` of a connection changes when another connection has written, and this process
/// writes on one connection only. The version that was last seen is stored in `user_version` of the
/// temporary database, which each connection has for itself, so that a new connection has seen
/// nothing.
pub(super) async fn has_been_changed(database: &Database) -> Result<bool, StoreError> {
    let is_changed = database.write::<_, sqlx::Error>(|connection| {
        Box::pin(async move {
            let (version,): (i64,) = sqlx::query_as("pragma data_version")
                .fetch_one(&mut *connection)
                .await?;
            let (seen,): (i64,) = sqlx::query_as("pragma temp.user_version")
                .fetch_one(&mut *connection)
                .await?;
            if version == seen {
                return Ok(false);
            }
            let see = AssertSqlSafe(format!("pragma temp.user_version = {version}"));
            connection.execute(see).await?;
            Ok(true)
        })
    });
    is_changed.await
}
