//! Touches that a request waits for, written together where there are many.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dwell_session::Instant;
use tokio::sync::{Mutex as AsyncMutex, oneshot};

use crate::store::{Lookup, SessionKey, Store, StoreError};

/// Writes one batch of touches after the other. While one is being written the next gathers, so
/// that a thousand people who come back at once wait for two writes and not for a thousand.
pub(super) struct Writer {
    store: Arc<dyn Store>,
    waiting: Mutex<Vec<Waiting>>,
    writing: AsyncMutex<()>,
}

struct Waiting {
    key: SessionKey,
    at: Instant,
    written: oneshot::Sender<Result<Written, Arc<StoreError>>>,
}

/// A touch has been written, if its session was live.
#[derive(Debug)]
pub(super) enum Written {
    /// By itself: this is what is then known.
    Alone(Lookup),
    /// Together with others.
    Together,
}

impl Writer {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            waiting: Mutex::default(),
            writing: AsyncMutex::new(()),
        }
    }

    /// Writes a touch, whoever gives up waiting for it.
    pub(super) async fn write(
        self: &Arc<Self>,
        key: SessionKey,
        at: Instant,
    ) -> Result<Written, StoreError> {
        let (written, is_written) = oneshot::channel();
        self.waiting().push(Waiting { key, at, written });
        let writer = Arc::clone(self);
        tokio::spawn(async move { writer.write_waiting().await });
        let outcome = is_written.await.map_err(StoreError::new)?;
        outcome.map_err(StoreError::new)
    }

    /// Writes what is waiting once the batch before is written, which may be nothing any more.
    async fn write_waiting(&self) {
        let _writing = self.writing.lock().await;
        let batch = mem::take(&mut *self.waiting());
        match batch.as_slice() {
            [] => {}
            [Waiting { key, at, .. }] => {
                let outcome = self.store.touch(*key, *at).await.map_err(Arc::new);
                for Waiting { written, .. } in batch {
                    let _ = written.send(outcome.clone().map(Written::Alone));
                }
            }
            many => {
                let mut latest = HashMap::new();
                for Waiting { key, at, .. } in many {
                    let touch = latest.entry(*key).or_insert(*at);
                    *touch = (*touch).max(*at);
                }
                let touches: Vec<_> = latest.into_iter().collect();
                let outcome = self.store.touch_all(&touches).await.map_err(Arc::new);
                for Waiting { written, .. } in batch {
                    // Nothing receives it where the request was given up.
                    let _ = written.send(outcome.clone().map(|_| Written::Together));
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
