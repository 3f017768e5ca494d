//! What every handler may use.

use std::sync::Arc;

use crate::{
    accounts::Accounts, assets::Built, config::CookieConfig, drafts::Drafts, metrics::Metrics,
    notes::Notes, sessions::Sessions, trusted_proxies::TrustedProxies,
};

/// Shared by all requests.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The sessions.
    pub sessions: Arc<Sessions>,
    /// The people who may sign in.
    pub accounts: Accounts,
    /// What they wrote.
    pub notes: Notes,
    /// What they have typed and not sent yet.
    pub drafts: Drafts,
    /// How the session cookie is written.
    pub cookie: Arc<CookieConfig>,
    /// Whose word on a client's address is taken.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// The files that the pages refer to.
    pub built: Arc<Built>,
    /// What is counted.
    pub metrics: Metrics,
}
