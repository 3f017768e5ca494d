//! Replaces connections on which the server does not answer any more.

use std::time::Duration;

use fred::{
    clients::{Client, Pool},
    error::ErrorKind,
    interfaces::ClientLike as _,
};
use tokio::{task::JoinSet, time::sleep};

/// Watches every connection of `pool` until the returned set is dropped. `timeout` is how long an
/// answer may take.
pub(super) fn watch(pool: &Pool, timeout: Duration) -> JoinSet<()> {
    let clients = pool.clients().iter().cloned();
    clients
        .map(|client| watch_one(client, timeout / 2))
        .collect()
}

/// Replaces the connection if the client considers it connected but a ping is not answered in time.
/// The client itself does not notice this as long as requests are sent.
async fn watch_one(client: Client, interval: Duration) {
    loop {
        sleep(interval).await;
        let answer = client.ping::<()>(None).await;
        let has_timed_out = answer.is_err_and(|error| *error.kind() == ErrorKind::Timeout);
        if has_timed_out && client.is_connected() {
            tracing::warn!(
                "the session store does not answer on a connection: the connection is replaced"
            );
            let _ = client.force_reconnection().await;
        }
    }
}
