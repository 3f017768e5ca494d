//! Ends, as PostgreSQL notifies of them.

use std::time::Duration;

use async_trait::async_trait;
use dwell_session::Instant;
use sqlx::postgres::PgListener;
use tokio::time::timeout;

use super::{PostgresStore, statements};
use crate::store::{
    Listener, StoreError,
    feed::{self, Channel, LISTEN_TIMEOUT, Time},
};

/// As the trigger on the sessions names it.
const CHANNEL: &str = "dwell_session_ends";

struct Ends(PgListener);

/// On a connection of its own.
pub(super) async fn follow(store: &PostgresStore, listener: &dyn Listener) -> StoreError {
    match timeout(LISTEN_TIMEOUT, store.database.listen(CHANNEL)).await {
        Ok(Ok(ends)) => feed::follow(&mut Ends(ends), store, listener).await,
        Ok(Err(error)) => error.into(),
        Err(error) => StoreError::new(error),
    }
}

#[async_trait]
impl Channel for Ends {
    async fn tell(&mut self, text: String) -> Result<Time, StoreError> {
        let told = sqlx::query_as(statements::TELL).bind(CHANNEL).bind(text);
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
