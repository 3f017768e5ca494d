//! A store lacks operations.

use std::sync::Arc;

use dwell::{
    Instant,
    clock::{Clock, SystemClock},
    store::{Store, StoreError, async_trait},
};

#[derive(Debug)]
struct Half;

#[async_trait]
impl Store for Half {
    fn clock(&self) -> Option<Arc<dyn Clock>> {
        None
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        Ok(SystemClock::start().now())
    }
}

fn main() {}
