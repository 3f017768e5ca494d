//! The result of a round of background work.

/// How much a round of maintenance has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// Everything is done.
    Done,
    /// There may be more to do.
    MoreToDo,
}

impl Maintenance {
    /// The result of a round that has processed `count` items of at most `limit`.
    pub(crate) fn after(count: u64, limit: u32) -> Self {
        match count < u64::from(limit) {
            true => Self::Done,
            false => Self::MoreToDo,
        }
    }
}
