//! Requests with what comes of them.

use std::time::Duration;

use super::{
    call::{Answer, Call},
    clock::Shown,
    network::Fate,
    plan::Place,
    server::Admission,
    store::SessionNo,
};
use crate::{Attempt, Instant};

/// How soon a request fails where there is no network, or nobody listens.
pub(super) const REFUSED_AFTER: Duration = Duration::from_millis(5);

/// One request and what comes of it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) place: Place,
    pub(super) asker: Asker,
    pub(super) call: Call,
    pub(super) cookie: Option<SessionNo>,
    pub(super) sent_at: Instant,
    /// What the clocks of the machine showed then.
    pub(super) shown: Shown,
    /// When the first of a chain of redirects was sent.
    pub(super) set_out_at: Instant,
    /// When the user of the machine had last done something.
    pub(super) input_at: Instant,
    /// The activity in the asking page that this is to report.
    pub(super) counted_at: Option<Instant>,
    /// The activity, there or in another tab, that this may report.
    pub(super) active_at: Instant,
    /// Whether the browser waits no longer.
    pub(super) is_settled: bool,
    pub(super) fate: Fate,
    /// For the request and for its copy.
    pub(super) admissions: [Option<Admission>; 2],
    pub(super) answers: [Option<Answer>; 2],
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asker {
    /// The tab, for another document.
    Navigation,
    /// The monitor of the page with this serial.
    Monitor { serial: usize, attempt: Attempt },
    /// Something else on that page.
    Page { serial: usize },
}

impl Asker {
    pub(super) fn serial(self) -> Option<usize> {
        match self {
            Self::Navigation => None,
            Self::Monitor { serial, .. } | Self::Page { serial } => Some(serial),
        }
    }
}

/// The way of a request, or of its copy, and back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trip {
    pub(super) exchange: usize,
    pub(super) copy: bool,
}
