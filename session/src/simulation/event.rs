//! The events of a simulation.

use super::{exchange::Transmission, plan::Place};
use crate::{Instant, Message};

/// An event, which happens at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A step of the plan begins.
    StepBegins { step: usize },
    /// A step of the plan ends.
    StepEnds { step: usize },
    /// The user of a step is active, for the time with this number.
    UserActs { step: usize, time: u64 },
    /// A timer of a page fires.
    Timer {
        place: Place,
        serial: usize,
        number: u32,
    },
    /// A request arrives at the server.
    Arrives(Transmission),
    /// The server has finished its work on a request.
    Served(Transmission),
    /// The answer arrives at the browser, or the request fails.
    Answered(Transmission),
    /// A request times out in the browser.
    TimesOut { exchange: usize },
    /// A message arrives at a page.
    Message {
        sent_message: usize,
        place: Place,
        serial: usize,
    },
    /// A page gets the lock and becomes the leader.
    Lead { place: Place, serial: usize },
}

/// A message between tabs, with the reading of the wall clock when it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct SentMessage {
    pub(super) message: Message,
    pub(super) stamp_ms: i64,
    /// The latest activity that the sending page knows of, which the message may be about.
    pub(super) active_at: Option<Instant>,
}
