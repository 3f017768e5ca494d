//! Work that is done beside the requests, a little at a time.

/// How far a round of maintenance has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// Everything is done.
    Done,
    /// There may be more to do.
    MoreToDo,
}

impl Maintenance {
    /// What follows from having done `count` of up to `limit` things.
    pub(crate) fn after(count: u64, limit: u32) -> Self {
        match count < u64::from(limit) {
            true => Self::Done,
            false => Self::MoreToDo,
        }
    }
}
