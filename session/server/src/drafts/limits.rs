//! How many drafts are kept, and for how long.

use std::time::Duration;

/// How many drafts are kept, and for how long.
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
    /// How long a draft is kept after it was last saved. Seven days by default, so that a long
    /// weekend fits.
    pub retention: Duration,
    /// How long a discarded draft can be restored. 24 hours by default.
    pub undo: Duration,
    /// How many open drafts a person has, of all forms. Beyond that, the one that was saved the
    /// longest ago is deleted. 20 by default.
    ///
    /// Drafts of forms that were sent after the end of their session are counted apart, and never
    /// deleted for others.
    pub per_person: u32,
    /// How many drafts are kept of forms that were sent after the end of one session. Beyond that,
    /// such a form is refused. 3 by default.
    pub late_per_session: u32,
    /// How many such drafts are kept for a person, of all sessions. Beyond that, such a form is
    /// refused. 20 by default.
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
