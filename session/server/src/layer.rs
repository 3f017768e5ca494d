//! The layer that decides, before anything else runs, whether a request belongs to a live session,
//! and that moves the deadline where the user caused the request.

mod activity;
mod admission;
mod body;
mod data;
mod forgery;
mod head;
mod protect;
mod refusals;
mod service;

pub use self::{
    data::{DataLayer, DataService},
    protect::{Protect, ProtectService},
    refusals::{DwellFuture, RefusalLayer, RefusalService},
    service::{DwellLayer, DwellService},
};
pub(crate) use self::{forgery::is_forged, service::Attached};

/// Whether every request of a signed-in person that may change something has to carry the generation
/// of its session (`K1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GenerationRule {
    /// Where a request carries a generation, it has to be the right one. Where it carries none, Fetch
    /// Metadata and the origin decide whether it comes from this site. Dwell's own paths require one.
    /// A request without a session cookie may come from another site, as the answer of an identity
    /// provider or a webhook does, except to Dwell's own paths and the sign-in page.
    #[default]
    Checked,
    /// Without the right one a request is refused, and so is every request of another site that may
    /// change something, with a session cookie or without.
    Required,
}
