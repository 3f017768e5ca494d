//! Requests and their results.

use std::time::Duration;

use super::{
    call::{Answer, Call},
    clock::ClockReading,
    network::Transit,
    plan::Place,
    server::Admission,
    store::SessionNo,
};
use crate::{Attempt, Instant};

/// How soon a request fails if there is no network or no server.
pub(super) const REFUSED_AFTER: Duration = Duration::from_millis(5);

/// One request and its result.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) place: Place,
    pub(super) requester: Requester,
    pub(super) call: Call,
    pub(super) cookie: Option<SessionNo>,
    pub(super) sent_at: Instant,
    /// The reading of the machine's clocks at that time.
    pub(super) shown: ClockReading,
    /// When the first request of a chain of redirects was sent.
    pub(super) set_out_at: Instant,
    /// When the user of the machine was last active before that.
    pub(super) input_at: Instant,
    /// The activity in the requesting page that this request has to report.
    pub(super) counted_at: Option<Instant>,
    /// The latest activity, there or in another tab, that this request may report.
    pub(super) active_at: Instant,
    /// Whether the browser has the result, or has stopped waiting for it.
    pub(super) is_resolved: bool,
    pub(super) transit: Transit,
    /// One for the request and one for its copy.
    pub(super) admissions: [Option<Admission>; 2],
    pub(super) answers: [Option<Answer>; 2],
}

/// The origin of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Requester {
    /// A navigation of the tab.
    Navigation,
    /// The monitor of the page with this serial number.
    Monitor { serial: usize, attempt: Attempt },
    /// Other code of that page.
    Page { serial: usize },
}

impl Requester {
    pub(super) fn serial(self) -> Option<usize> {
        match self {
            Self::Navigation => None,
            Self::Monitor { serial, .. } | Self::Page { serial } => Some(serial),
        }
    }
}

/// A request, or its copy, on its way to the server and back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transmission {
    pub(super) exchange: usize,
    pub(super) copy: bool,
}
