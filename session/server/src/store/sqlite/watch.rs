//! What somebody else changes in the database.

use sqlx::{AssertSqlSafe, Executor as _};
use tokio::time::sleep;

use super::SqliteStore;
use crate::{
    sqlite::Database,
    store::{Listener, Store as _, StoreError, listener::BEAT_INTERVAL},
};

/// Watches the database until it fails. Only this process ends sessions there, but for an operator,
/// who tells nobody: `listener` begins anew after whatever somebody else has written.
pub(super) async fn watch(store: &SqliteStore, listener: &dyn Listener) -> StoreError {
    loop {
        sleep(BEAT_INTERVAL).await;
        let looked = async {
            store.ping().await?;
            has_been_changed(&store.database).await
        };
        match looked.await {
            Ok(true) => {
                listener.begin();
                listener.always_caught_up();
            }
            Ok(false) => {}
            Err(error) => return error,
        }
    }
}

/// Whether anybody but this process may have written into `database` since this was last asked.
///
/// SQLite counts what other connections write than the one that asks, and this process writes on
/// one alone. What that has last seen it keeps itself, in the number that each connection has for
/// its temporary tables: a new connection has seen nothing.
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
