//! What is asked of a store.

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
    Forget,
    KeepTime,
    Data,
    SetData,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 19] = [
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
            Self::Forget => "forget",
            Self::KeepTime => "keep_time",
            Self::Data => "data",
            Self::SetData => "set_data",
        }
    }
}
