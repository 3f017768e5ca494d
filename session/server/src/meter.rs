//! The interface for metrics.

use std::{fmt, time::Duration};

use dwell_session::EndReason;

/// Receives the metrics of this node. A program implements it with its own library for metrics.
/// Every method does nothing by default.
///
/// No method receives the id of a person or of a session. The methods are called while requests are
/// handled, so they must not block.
pub trait Meter: fmt::Debug + Send + Sync + 'static {
    /// A session has begun.
    fn session_began(&self) {}

    /// This node has ended `count` sessions for `reason`.
    fn sessions_ended(&self, _reason: EndReason, _count: usize) {}

    /// A keep-alive has found its session live.
    fn kept_alive(&self) {}

    /// `count` touches have been deferred, to be written together with later ones. Reported by
    /// [`Dwell::measure`](crate::Dwell::measure).
    fn touches_deferred(&self, _count: u64) {}

    /// `count` touches have been written to the store.
    fn touches_written(&self, _count: usize) {}

    /// `count` requests have found their session in the index of this node, without asking the
    /// store. Reported by [`Dwell::measure`](crate::Dwell::measure).
    fn index_hits(&self, _count: u64) {}

    /// A session was looked up in the store, because the index of this node did not have it.
    fn index_missed(&self) {}

    /// An operation of the store took `duration`. `has_failed` says whether it has failed.
    fn store_answered(&self, _operation: Operation, _duration: Duration, _has_failed: bool) {}
}

/// A meter that counts nothing.
impl Meter for () {}

/// An operation of a [`Store`](crate::store::Store).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the trait `Store` documents the operations")]
pub enum Operation {
    Ping,
    Now,
    Create,
    Find,
    Touch,
    TouchAll,
    LiveAmong,
    Rotate,
    End,
    EndOthers,
    List,
    Count,
    Owner,
    Expire,
    Sweep,
    Tighten,
    Forget,
    KeepTime,
    Data,
    SetData,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 20] = [
        Self::Ping,
        Self::Now,
        Self::Create,
        Self::Find,
        Self::Touch,
        Self::TouchAll,
        Self::LiveAmong,
        Self::Rotate,
        Self::End,
        Self::EndOthers,
        Self::List,
        Self::Count,
        Self::Owner,
        Self::Expire,
        Self::Sweep,
        Self::Tighten,
        Self::Forget,
        Self::KeepTime,
        Self::Data,
        Self::SetData,
    ];

    /// The name of the operation in metrics, which is the name of the method.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Now => "now",
            Self::Create => "create",
            Self::Find => "find",
            Self::Touch => "touch",
            Self::TouchAll => "touch_all",
            Self::LiveAmong => "live_among",
            Self::Rotate => "rotate",
            Self::End => "end",
            Self::EndOthers => "end_others",
            Self::List => "list",
            Self::Count => "count",
            Self::Owner => "owner",
            Self::Expire => "expire",
            Self::Sweep => "sweep",
            Self::Tighten => "tighten",
            Self::Forget => "forget",
            Self::KeepTime => "keep_time",
            Self::Data => "data",
            Self::SetData => "set_data",
        }
    }
}
