//! A pooled connection that is used for one operation.

use sqlx::{Database, pool::PoolConnection};

/// A connection of a pool during one operation. If the operation is abandoned before the answer has
/// arrived, the connection is closed: it may be broken, and the pool would wait for its answer
/// without a limit.
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

    /// Returns the connection to the pool, after it has answered.
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
