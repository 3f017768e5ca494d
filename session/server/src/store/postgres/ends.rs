//! The ends of sessions, which PostgreSQL reports with `NOTIFY`.

use std::time::Duration;

use async_trait::async_trait;
use dwell_session::Instant;
use sqlx::postgres::PgListener;
use tokio::time::timeout;

use super::{PostgresStore, statements};
use crate::store::{
    Listener, StoreError,
    feed::{self, Channel, LISTEN_TIMEOUT, StoreTime},
};

/// The channel on which the trigger of the table of sessions notifies.
const CHANNEL: &str = "dwell_session_ends";

struct Ends(PgListener);

/// Follows the ends on a connection that is used for nothing else.
pub(super) async fn follow(store: &PostgresStore, listener: &dyn Listener) -> StoreError {
    match timeout(LISTEN_TIMEOUT, store.database.listen(CHANNEL)).await {
        Ok(Ok(ends)) => feed::follow(&mut Ends(ends), store, listener).await,
        Ok(Err(error)) => error.into(),
        Err(error) => StoreError::new(error),
    }
}

#[async_trait]
impl Channel for Ends {
    async fn publish(&mut self, text: String) -> Result<StoreTime, StoreError> {
        let published = sqlx::query_as(statements::PUBLISH).bind(CHANNEL).bind(text);
        let (now, set_back): (i64, i64) = published.fetch_one(&mut self.0).await?;
        Ok(StoreTime {
            now: Instant::from_millis(now),
            set_back: Duration::from_millis(set_back.unsigned_abs()),
        })
    }

    async fn receive(&mut self) -> Result<String, StoreError> {
        match self.0.try_recv().await? {
            Some(notification) => Ok(notification.payload().to_owned()),
            None => Err(StoreError::new("the connection to the database was lost")),
        }
    }
}
