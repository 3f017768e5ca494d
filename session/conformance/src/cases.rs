//! The cases, by what they are about.

pub(crate) mod boundaries;
pub(crate) mod by_hand;
pub(crate) mod endings;
pub(crate) mod feed;
pub(crate) mod limits;
pub(crate) mod operations;
pub(crate) mod races;
pub(crate) mod shared;
pub(crate) mod sweeping;
