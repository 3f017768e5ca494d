//! A connection of a pool, for one operation.

use sqlx::{Database, pool::PoolConnection};

/// A connection until it has answered. One whose answer is given up is closed: it may be lost, and
/// the pool would wait for it without end.
pub(crate) struct Lease<DB: Database>(Option<PoolConnection<DB>>);

impl<DB: Database> Lease<DB> {
    pub fn new(connection: PoolConnection<DB>) -> Self {
        Self(Some(connection))
    }

    pub fn connection(&mut self) -> Result<&mut DB::Connection, sqlx::Error> {
        match &mut self.0 {
            Some(connection) => Ok(connection),
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    /// The connection has answered, and may be used again.
    pub fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl<DB: Database> Drop for Lease<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
