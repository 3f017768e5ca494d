//! The ends of sessions, which the server publishes.

use std::time::Duration;

use async_trait::async_trait;
use dwell_session::Instant;
use fred::{
    clients::SubscriberClient,
    error::Error,
    interfaces::{ClientLike as _, EventInterface as _, PubsubInterface as _},
    types::{Builder, Message, config::Server},
};
use tokio::sync::broadcast::Receiver;

use super::RedisStore;
use crate::store::{
    Listener, StoreError,
    feed::{self, Channel, LISTEN_TIMEOUT, StoreTime},
};

/// A connection that receives reports of ends. It is not replaced when it is lost, because reports
/// would be missed until then.
struct Ends<'store> {
    store: &'store RedisStore,
    client: SubscriberClient,
    messages: Receiver<Message>,
    errors: Receiver<(Error, Option<Server>)>,
}

impl RedisStore {
    pub(super) async fn follow_ends(&self, listener: &dyn Listener) -> StoreError {
        match Ends::of(self).await {
            Ok(mut ends) => {
                let error = feed::follow(&mut ends, self, listener).await;
                // An error does not matter, because the connection is not used any more.
                let _ = ends.client.quit().await;
                error
            }
            Err(error) => error,
        }
    }
}

impl<'store> Ends<'store> {
    async fn of(store: &'store RedisStore) -> Result<Self, StoreError> {
        let server = &store.0.server;
        let client = Builder::from_config(server.url.config())
            .with_connection_config(|connection| {
                connection.connection_timeout = LISTEN_TIMEOUT;
                connection.internal_command_timeout = LISTEN_TIMEOUT;
            })
            .with_performance_config(|performance| {
                performance.default_command_timeout = LISTEN_TIMEOUT;
            })
            .build_subscriber_client()
            .map_err(StoreError::new)?;
        let (messages, errors) = (client.message_rx(), client.error_rx());
        client.init().await.map_err(StoreError::new)?;
        // The channel on which the scripts publish.
        let channel = format!("{}:ends", server.prefix);
        client.subscribe(channel).await.map_err(StoreError::new)?;
        Ok(Self {
            store,
            client,
            messages,
            errors,
        })
    }
}

#[async_trait]
impl Channel for Ends<'_> {
    async fn publish(&mut self, text: String) -> Result<StoreTime, StoreError> {
        let scripts = &self.store.0.server.scripts;
        let (now, set_back) = self.store.run(&scripts.beat, [text.into()]).await?;
        Ok(StoreTime {
            now: Instant::from_millis(now),
            set_back: Duration::from_millis(set_back),
        })
    }

    async fn receive(&mut self) -> Result<String, StoreError> {
        tokio::select! {
            message = self.messages.recv() => {
                let message = message.map_err(StoreError::new)?;
                message.value.convert().map_err(StoreError::new)
            }
            error = self.errors.recv() => {
                let (error, _) = error.map_err(StoreError::new)?;
                Err(StoreError::new(error))
            }
        }
    }
}
