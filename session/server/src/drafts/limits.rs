//! The limits on the number of drafts and on how long they are kept.

use std::time::Duration;

/// The limits on the number of drafts and on how long they are kept.
///
/// ```
/// use std::time::Duration;
///
/// use dwell::drafts::DraftLimits;
///
/// let a_day = DraftLimits {
///     retention: Duration::from_secs(24 * 60 * 60),
///     ..DraftLimits::default()
/// };
/// # assert_eq!(a_day.per_person, 20);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DraftLimits {
    /// How long a draft is kept after it was last saved. The default is seven days, which covers a
    /// long weekend.
    pub retention: Duration,
    /// How long a discarded draft can be restored. The default is 24 hours.
    pub undo: Duration,
    /// How many open drafts a person may have, of all forms together. If there are more, those that
    /// were saved the longest ago are deleted. The default is 20.
    ///
    /// Drafts of forms that were sent after the end of their session do not count, and are never
    /// deleted to make room for others.
    pub per_person: u32,
    /// How many drafts are kept of forms that were sent after the end of one session. Further forms
    /// are refused. The default is 3.
    pub late_per_session: u32,
    /// How many such drafts are kept for a person, of all sessions together. Further forms are
    /// refused. The default is 20.
    pub late_per_person: u32,
}

impl Default for DraftLimits {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            retention: 7 * DAY,
            undo: DAY,
            per_person: 20,
            late_per_session: 3,
            late_per_person: 20,
        }
    }
}
