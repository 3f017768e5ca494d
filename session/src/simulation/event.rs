//! What happens in a world, and when.

use super::{exchange::Trip, plan::Place};
use crate::{Instant, Message};

/// Something that happens at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A step of the plan begins.
    Begins { step: usize },
    /// It is over.
    Over { step: usize },
    /// The user of a step does something, for this time.
    Works { step: usize, time: u64 },
    /// A timer of a page fires.
    Timer {
        place: Place,
        serial: usize,
        number: u32,
    },
    /// A request arrives at the server.
    Arrives(Trip),
    /// The server has done what it asks.
    Served(Trip),
    /// The answer arrives at the browser, or the news that there will be none.
    Answered(Trip),
    /// The browser waits no longer.
    TimesOut { exchange: usize },
    /// A message arrives at a page.
    Message {
        post: usize,
        place: Place,
        serial: usize,
    },
    /// A page gets the lock.
    Lead { place: Place, serial: usize },
}

/// A message between tabs, with what the wall clock showed when it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Post {
    pub(super) message: Message,
    pub(super) stamp_ms: i64,
    /// The activity that it may tell of.
    pub(super) active_at: Option<Instant>,
}
