//! The state that all handlers share.

use std::{ops::Deref, sync::Arc};

use dwell::{Dwell, drafts::Drafts};

use crate::{accounts::Accounts, assets::Built, metrics::Metrics, notes::Notes};

/// The state that all handlers share. Layers clone it for every request, so a clone is one pointer.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Services>);

impl AppState {
    /// Shares `services`.
    pub fn new(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// The services that handlers use.
#[derive(Debug, Clone)]
pub struct Services {
    /// The sessions.
    pub dwell: Dwell,
    /// The accounts of the people who may sign in.
    pub accounts: Accounts,
    /// The notes that people have saved.
    pub notes: Notes,
    /// What people have typed and not saved yet.
    pub drafts: Drafts,
    /// The built files that the pages load.
    pub built: Arc<Built>,
    /// The metrics of this node.
    pub metrics: Metrics,
}
