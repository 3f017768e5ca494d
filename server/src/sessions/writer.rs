//! Touches that somebody waits for, written together where there are many.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dwell_session::Instant;
use tokio::sync::{Mutex as Turn, oneshot};

use crate::store::{SessionKey, Sighting, Store, StoreError};

/// Writes one batch of touches after the other. While one is being written the next gathers, so
/// that a thousand people who come back at once wait for two writes and not for a thousand.
pub(super) struct Writer {
    store: Arc<dyn Store>,
    waiting: Mutex<Vec<Waiting>>,
    turn: Turn<()>,
}

struct Waiting {
    key: SessionKey,
    at: Instant,
    tell: oneshot::Sender<Result<Written, Arc<StoreError>>>,
}

/// A touch has been written, if its session was live.
#[derive(Debug)]
pub(super) enum Written {
    /// By itself: this is what is then known.
    Alone(Sighting),
    /// Together with others.
    Together,
}

impl Writer {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            waiting: Mutex::default(),
            turn: Turn::new(()),
        }
    }

    /// Writes a touch, whoever gives up waiting for it.
    pub(super) async fn write(
        self: &Arc<Self>,
        key: SessionKey,
        at: Instant,
    ) -> Result<Written, StoreError> {
        let (tell, told) = oneshot::channel();
        self.waiting().push(Waiting { key, at, tell });
        let writer = Arc::clone(self);
        tokio::spawn(async move { writer.write_waiting().await });
        let written = told.await.map_err(StoreError::new)?;
        written.map_err(StoreError::new)
    }

    /// Writes what is waiting when its turn comes, which may be nothing any more.
    async fn write_waiting(&self) {
        let _turn = self.turn.lock().await;
        let batch = mem::take(&mut *self.waiting());
        match batch.as_slice() {
            [] => {}
            [Waiting { key, at, .. }] => {
                let written = self.store.touch(*key, *at).await;
                let written = written.map_err(Arc::new);
                for Waiting { tell, .. } in batch {
                    let _ = tell.send(written.clone().map(Written::Alone));
                }
            }
            many => {
                let mut latest = HashMap::new();
                for Waiting { key, at, .. } in many {
                    let touch = latest.entry(*key).or_insert(*at);
                    *touch = (*touch).max(*at);
                }
                let touches: Vec<_> = latest.into_iter().collect();
                let written = self.store.touch_all(&touches).await.map_err(Arc::new);
                for Waiting { tell, .. } in batch {
                    // Nobody waits any more where the request was given up.
                    let _ = tell.send(written.clone().map(|_| Written::Together));
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}
