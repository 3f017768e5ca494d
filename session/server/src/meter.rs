//! What happens, for whoever counts it.

use std::{fmt, time::Duration};

use dwell_session::EndReason;

/// Is told what happens on this node. A program implements it with its own library for metrics.
///
/// No method names a person or a session, and none may block.
pub trait Meter: fmt::Debug + Send + Sync + 'static {
    /// A session began.
    fn session_began(&self) {}

    /// This node ended `count` sessions for `reason`.
    fn sessions_ended(&self, _reason: EndReason, _count: usize) {}

    /// A keep-alive found its session live.
    fn kept_alive(&self) {}

    /// `count` touches were deferred, to be written together with later ones.
    fn touches_deferred(&self, _count: u64) {}

    /// `count` touches were written to the store.
    fn touches_written(&self, _count: usize) {}

    /// `count` sessions were looked up, and the index of this node had them.
    fn index_hits(&self, _count: u64) {}

    /// A session was looked up, and the store had to be asked.
    fn index_missed(&self) {}

    /// The store took `duration` over an operation, which has failed or not.
    fn store_answered(&self, _operation: Operation, _duration: Duration, _has_failed: bool) {}
}

/// Counts nothing.
impl Meter for () {}
/// An operation of a [`Store`](crate::store::Store).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the trait says what each does")]
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
    /// Every operation.
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

    /// The name in the metrics, which is that of the method.
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
