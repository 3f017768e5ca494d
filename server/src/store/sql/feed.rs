//! Ends, as PostgreSQL notifies of them.

use async_trait::async_trait;
use dwell_session::Instant;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{sleep, timeout};

use super::SqlStore;
use crate::{
    database::Database,
    store::{
        Listener, Store as _, StoreError,
        feed::{self, BEAT_INTERVAL, Channel, PATIENCE, make_sure},
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
/// an operator, who tells nobody.
pub(super) async fn watch(store: &SqlStore, listener: &dyn Listener) -> StoreError {
    loop {
        sleep(BEAT_INTERVAL).await;
        let looked = async {
            store.ping().await?;
            make_sure(store, listener).await
        };
        if let Err(error) = looked.await {
            return error;
        }
    }
}

#[async_trait]
impl Channel for Ends {
    async fn tell(&mut self, text: String) -> Result<Instant, StoreError> {
        let told = sqlx::query_as("select dwell_now() from pg_notify($1, $2)");
        let (now,) = told.bind(ENDS).bind(text).fetch_one(&mut self.0).await?;
        Ok(Instant::from_millis(now))
    }

    async fn hear(&mut self) -> Result<String, StoreError> {
        match self.0.try_recv().await? {
            Some(notification) => Ok(notification.payload().to_owned()),
            None => Err(StoreError::new("the connection has been cut")),
        }
    }
}
