//! The routes that Dwell answers itself.

#[cfg(feature = "drafts")]
mod drafts;
mod status;

use axum::{Router, routing::post};

#[cfg(feature = "drafts")]
pub use self::drafts::{SentDraft, discard_draft, refuse_draft, save_draft, take_back_draft};
pub use self::status::{keep_alive, status};
use crate::{Dwell, sign_in::sign_out};

impl Dwell {
    /// The routes of the contract at the paths that [`names`](Self::names) says: keep-alive, status,
    /// signing out, drafts if they are kept, and the module for the browser if Dwell sends it. They belong inside of the [`layer`](Self::layer).
    ///
    /// A program that has a handler of its own at one of these paths, a server function for one, takes
    /// the others from [`handlers`](crate::handlers).
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let names = self.names();
        let protected = Router::new()
            .route(&names.keep_alive, post(keep_alive))
            .route(&names.status, post(status));
        #[cfg(feature = "drafts")]
        let protected = match self.drafts() {
            Some(_) => protected
                .route(&names.drafts, post(save_draft))
                .route(&names.discard_draft, post(discard_draft))
                .route(&names.take_back_draft, post(take_back_draft)),
            None => protected,
        };
        let routes = protected
            .route_layer(self.protect())
            .route(&names.sign_out, post(sign_out));
        match &self.settings().browser_module {
            Some(module) => routes.merge(module.routes(names)),
            None => routes,
        }
    }
}
