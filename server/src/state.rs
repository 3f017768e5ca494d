//! What every handler may use.

use std::{ops::Deref, sync::Arc};

use dwell::{Dwell, drafts::Drafts};

use crate::{accounts::Accounts, assets::Built, metrics::Metrics, notes::Notes};

/// Shared by all requests. Every layer takes a copy for every request, so a copy is one pointer.
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

/// What there is to be used.
#[derive(Debug, Clone)]
pub struct Services {
    /// The sessions.
    pub dwell: Dwell,
    /// The people who may sign in.
    pub accounts: Accounts,
    /// What they wrote.
    pub notes: Notes,
    /// What they have typed and not sent yet.
    pub drafts: Drafts,
    /// The files that the pages refer to.
    pub built: Arc<Built>,
    /// What is counted.
    pub metrics: Metrics,
}
