//! Finds connections that are lost without a word.

use std::time::Duration;

use fred::{
    clients::{Client, Pool},
    error::ErrorKind,
    interfaces::ClientLike as _,
};
use tokio::{task::JoinSet, time::sleep};

/// Watches every connection of `pool` until what is returned is dropped.
pub(super) fn watch(pool: &Pool, patience: Duration) -> JoinSet<()> {
    let clients = pool.clients().iter().cloned();
    clients
        .map(|client| watch_one(client, patience / 2))
        .collect()
}

/// Makes the connection anew where it is thought to stand and nothing is answered on it. The
/// library waits for an answer for as long as it goes on asking.
async fn watch_one(client: Client, interval: Duration) {
    loop {
        sleep(interval).await;
        let answer = client.ping::<()>(None).await;
        let is_silent = answer.is_err_and(|error| *error.kind() == ErrorKind::Timeout);
        if is_silent && client.is_connected() {
            tracing::warn!("a connection to the session store is lost: it is made anew");
            let _ = client.force_reconnection().await;
        }
    }
}
