//! The listeners of a store that only this process writes to.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Listener, SessionKey};

/// The listeners in this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Listeners(Arc<Mutex<Vec<Arc<dyn Listener>>>>);

impl Listeners {
    /// Reports every end to `listener` until the returned registration is dropped.
    pub fn add(&self, listener: Arc<dyn Listener>) -> Registration {
        self.lock().push(Arc::clone(&listener));
        listener.begin();
        listener.always_caught_up();
        Registration {
            listeners: self.clone(),
            listener,
        }
    }

    pub fn notify(&self, ended: SessionKey) {
        for listener in self.lock().iter() {
            listener.ended(ended);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<dyn Listener>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Registration {
    listeners: Listeners,
    listener: Arc<dyn Listener>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.listeners
            .lock()
            .retain(|listener| !Arc::ptr_eq(listener, &self.listener));
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registration")
    }
}
