//! The queue of future events.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use super::event::Event;
use crate::Instant;

/// Events in the order of their time. Events at the same time are in the order in which they were
/// added.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    order: u64,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    order: u64,
    event: Event,
}

impl Queue {
    pub(super) fn push(&mut self, at: Instant, event: Event) {
        let order = self.order;
        self.order += 1;
        self.heap.push(Reverse(Entry { at, order, event }));
    }

    pub(super) fn pop(&mut self) -> Option<(Instant, Event)> {
        let Reverse(entry) = self.heap.pop()?;
        Some((entry.at, entry.event))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}
