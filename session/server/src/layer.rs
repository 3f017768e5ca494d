//! The layers. The [`DwellLayer`] runs before everything else: it finds out whether a request
//! belongs to a live session, and moves the deadline if the user caused the request.

mod activity;
mod admission;
mod body;
mod data;
mod forgery;
mod head;
#[cfg(feature = "drafts")]
mod late;
mod protect;
mod refusals;
mod service;

pub use self::{
    data::{DataLayer, DataService},
    protect::{Protect, ProtectService},
    refusals::{DwellFuture, RefusalLayer, RefusalService},
    service::{DwellLayer, DwellService},
};
pub(crate) use self::{forgery::is_forged, service::SessionContext};

/// Whether requests that may change something must carry the generation of their session (`K1`).
/// These are all requests except `GET`, `HEAD` and `OPTIONS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GenerationRule {
    /// If a request carries a generation, it must be that of the session. If it carries none, Fetch
    /// Metadata and the `Origin` header decide whether it comes from this site. The paths of Dwell
    /// itself always require a generation.
    ///
    /// A request without a session cookie may come from another site, as webhooks and the answers
    /// of identity providers do, except to the paths of Dwell itself and to the page for signing
    /// in.
    #[default]
    Checked,
    /// A request without the generation of its session is refused. So is every request from another
    /// site that may change something, with or without a session cookie.
    Required,
}
