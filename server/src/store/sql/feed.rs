//! Ends, as PostgreSQL notifies of them, and what somebody else changes in an embedded database.

use std::time::Duration;

use async_trait::async_trait;
use dwell_session::Instant;
use sqlx::{
    AssertSqlSafe, Executor as _,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::time::{sleep, timeout};

use super::SqlStore;
use crate::{
    database::Database,
    store::{
        Listener, Store as _, StoreError,
        feed::{self, BEAT_INTERVAL, Channel, PATIENCE, Time},
    },
};

/// As the trigger on the sessions names it.
const ENDS: &str = "dwell_ends";

struct Ends(PgListener);

/// On a connection of its own.
pub(super) async fn follow_ends(store: &SqlStore, listener: &dyn Listener) -> StoreError {
    match timeout(PATIENCE, listen(&store.database)).await {
        Ok(Ok(ends)) => feed::follow(&mut Ends(ends), store, listener).await,
        Ok(Err(error)) => error.into(),
        Err(error) => StoreError::new(error),
    }
}

async fn listen(database: &Database) -> Result<PgListener, sqlx::Error> {
    let options: PgConnectOptions = database.url().parse()?;
    let connection = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    let mut ends = PgListener::connect_with(&connection).await?;
    // What is told between two connections would be missed.
    ends.eager_reconnect(false);
    ends.listen(ENDS).await?;
    Ok(ends)
}

/// Looks after an embedded database until it fails. Only this process ends sessions there, but for
/// an operator, who tells nobody: `listener` begins anew after whatever somebody else has written.
pub(super) async fn watch(store: &SqlStore, listener: &dyn Listener) -> StoreError {
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

/// Whether anybody but this process may have written into an embedded `database` since this was
/// last asked.
///
/// SQLite counts what other connections write than the one that asks, and this process writes on
/// one alone. What that has last seen it keeps itself, in the number that each connection has for
/// its temporary tables: a new connection has seen nothing.
pub(super) async fn has_been_changed(database: &Database) -> Result<bool, StoreError> {
    let is_changed = database.run::<_, sqlx::Error>(|connection| {
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

#[async_trait]
impl Channel for Ends {
    async fn tell(&mut self, text: String) -> Result<Time, StoreError> {
        let tell = "select now, set_back from dwell_keep_time(), pg_notify($1, $2)";
        let told = sqlx::query_as(tell).bind(ENDS).bind(text);
        let (now, set_back): (i64, i64) = told.fetch_one(&mut self.0).await?;
        Ok(Time {
            now: Instant::from_millis(now),
            set_back: Duration::from_millis(set_back.unsigned_abs()),
        })
    }

    async fn hear(&mut self) -> Result<String, StoreError> {
        match self.0.try_recv().await? {
            Some(notification) => Ok(notification.payload().to_owned()),
            None => Err(StoreError::new("the connection has been cut")),
        }
    }
}
