//! Who is told of ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dwell::store::{Listener, SessionKey};

/// The listeners that follow the store. Clones have the same ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Followers(Arc<Mutex<Vec<Arc<dyn Listener>>>>);

impl Followers {
    /// Tells `listener` of every end from now on, until what is returned is dropped.
    pub(crate) fn add(&self, listener: Arc<dyn Listener>) -> Following {
        self.lock().push(Arc::clone(&listener));
        listener.begin();
        listener.always_caught_up();
        Following {
            followers: self.clone(),
            listener,
        }
    }

    pub(crate) fn tell(&self, ended: SessionKey) {
        for listener in self.lock().iter() {
            listener.ended(ended);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<dyn Listener>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropped when nobody waits any more for [`follow`](dwell::store::Store::follow).
pub(crate) struct Following {
    followers: Followers,
    listener: Arc<dyn Listener>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.followers
            .lock()
            .retain(|listener| !Arc::ptr_eq(listener, &self.listener));
    }
}
