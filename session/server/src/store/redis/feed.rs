//! Ends, as the server publishes them.

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
    feed::{self, Channel, LISTEN_TIMEOUT, Time},
};

/// A connection that is not replaced when it is lost: what was published meanwhile would be missed.
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
                // The connection is of no more use, however it is closed.
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
        // As the scripts name it.
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
    async fn tell(&mut self, text: String) -> Result<Time, StoreError> {
        let scripts = &self.store.0.server.scripts;
        let (now, set_back) = self.store.run(&scripts.beat, [text.into()]).await?;
        Ok(Time {
            now: Instant::from_millis(now),
            set_back: Duration::from_millis(set_back),
        })
    }

    async fn hear(&mut self) -> Result<String, StoreError> {
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
