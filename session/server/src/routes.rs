//! The routes of the HTTP contract.

#[cfg(feature = "drafts")]
mod drafts;
mod status;

use axum::{Router, routing::post};

#[cfg(feature = "drafts")]
pub use self::drafts::{SentDraft, discard_draft, refuse_draft, save_draft, take_back_draft};
pub use self::status::{keep_alive, status};
use crate::{Dwell, sign_in::sign_out};

impl Dwell {
    /// Returns the routes of the HTTP contract, at the paths in [`names`](Self::names): the
    /// keep-alive, the status, signing out, drafts if the program keeps them, and the module for
    /// the browser if it is set. They must be inside of the [`layer`](Self::layer).
    ///
    /// A program that has its own handler at one of these paths, for example a server function, can
    /// take the other handlers from [`handlers`](crate::handlers).
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
