//! Finds connections on which nothing is answered any more.

use std::time::Duration;

use fred::{
    clients::{Client, Pool},
    error::ErrorKind,
    interfaces::ClientLike as _,
};
use tokio::{task::JoinSet, time::sleep};

/// Watches every connection of `pool` until what is returned is dropped. An answer is waited for as
/// long as `timeout`.
pub(super) fn watch(pool: &Pool, timeout: Duration) -> JoinSet<()> {
    let clients = pool.clients().iter().cloned();
    clients
        .map(|client| watch_one(client, timeout / 2))
        .collect()
}

/// Replaces the connection where it counts as connected and a ping is not answered in time. The Redis
/// client itself does not find that out as long as it is asked again and again.
async fn watch_one(client: Client, interval: Duration) {
    loop {
        sleep(interval).await;
        let answer = client.ping::<()>(None).await;
        let has_timed_out = answer.is_err_and(|error| *error.kind() == ErrorKind::Timeout);
        if has_timed_out && client.is_connected() {
            tracing::warn!("a connection to the session store does not answer: it is replaced");
            let _ = client.force_reconnection().await;
        }
    }
}
