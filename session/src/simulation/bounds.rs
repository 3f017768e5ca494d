//! How far each property may be off, in one place, with the reasons.
//!
//! The true time is the server's. A property that speaks of an instant is late or early by what
//! separates the tab from the server: the network, the tab's clock, the browser's timers.
//! Nothing else is forgiven.

use std::time::Duration;

use super::clock::Clocks;
use crate::{Deadline, Instant, Limit, Policy};

/// While a page is visible, its driver looks at the clock at least this often, so a machine that
/// wakes shows what it must not for no longer.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(1);

/// How late a timer fires that is not throttled.
pub(super) const LATENESS: Duration = Duration::from_millis(15);

/// To what the timers of a tab align that has long been hidden. Nobody sees it meanwhile.
pub(super) const HIDDEN_ALIGNMENT: Duration = Duration::from_secs(60);

/// How long a message between two tabs of a browser takes.
pub(super) const MESSAGE_TIME: Duration = Duration::from_millis(100);

/// How long a page waits for an answer.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// [`crate::Elapsed`] takes 50 ms by which the wall clock leads or lags for noise: a short suspend
/// can take it from the one end to the other unnoticed.
const CLOCK_NOISE: Duration = Duration::from_millis(100);

/// The clocks are read in whole milliseconds, and durations are added up from two readings.
const ROUNDING: Duration = Duration::from_millis(3);

/// What the countdown shows is rounded down to whole seconds.
const DISPLAY: Duration = Duration::from_secs(1);

/// An answer that takes longer disturbs the reporting of activity.
pub(super) const QUICK_ANSWER: Duration = Duration::from_secs(1);

/// How long reporting may rest after a failure.
pub(super) const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// A concealed page does not come back for less.
const SHORTEST_REVEAL: Duration = Duration::from_secs(1);

/// Between two reports, however short the touch interval.
const SHORTEST_REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Tabs that were told deadlines less than this apart leave it at that.
pub(super) const SAME_DEADLINE: Duration = Duration::from_millis(100);

/// How long a tab waits for the one that leads before it reports by itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// By how much the clock of a page may have fallen behind since `since`.
///
/// It runs slow by the machine's drift. And what only the wall clock could tell, a suspend during
/// which the monotonic clock stood still and what that one lags, is hidden by as much as the wall
/// clock was set back or lags itself: no clock is left that could tell (`I2`).
pub(super) fn behind(clocks: &Clocks, since: Instant, now: Instant) -> Duration {
    let plan = clocks.plan();
    let (wall, monotonic) = (plan.wall_drift_ppm, plan.monotonic_drift_ppm);
    let asleep = clocks.stood_still_since(since);
    let awake = now.since(since).saturating_sub(asleep);
    let drifted = drift(-wall.max(monotonic), awake) + drift(-wall, asleep);
    let told_by_wall = asleep + drift(-monotonic, awake);
    let lost_by_wall = clocks.set_back_since(since) + drift(monotonic - wall, awake);
    drifted + told_by_wall.min(lost_by_wall) + CLOCK_NOISE + ROUNDING
}

/// By how much a message may be older than the page that hears it takes it for: it is stamped by the
/// wall clock, which may lag or be set back while the message waits for the machine to wake.
pub(super) fn aged_less(clocks: &Clocks, since: Instant) -> Duration {
    let slept = clocks.slept_since(since);
    let lost_by_wall = clocks.set_back_since(since) + drift(-clocks.plan().wall_drift_ppm, slept);
    slept.min(lost_by_wall)
}

/// By how much the clock of a page may have run ahead since `since`: by the machine's drift, and by
/// every step of the wall clock, which cannot be told from a suspend.
pub(super) fn ahead(clocks: &Clocks, since: Instant, now: Instant) -> Duration {
    let plan = clocks.plan();
    let ppm = plan.wall_drift_ppm.max(plan.monotonic_drift_ppm);
    drift(ppm, now.since(since)) + CLOCK_NOISE + ROUNDING + clocks.set_forward_since(since)
}

/// Until when a visible page may show content of a session that time ends at `deadline`.
///
/// It was told the deadline less the grace, if that is the idle one, and anchored it to before the
/// server's answer: what remains is how far its clock is `behind`, and its timer late. Where a crash
/// has `lost` a touch since, which is less than the grace, it was told a deadline that was later by
/// that.
pub(super) fn shown_until(
    deadline: Deadline,
    policy: &Policy,
    behind: Duration,
    lost: Duration,
) -> Instant {
    let grace = match deadline.limit {
        Limit::Idle => policy.grace().saturating_sub(lost),
        Limit::Absolute => Duration::ZERO,
    };
    deadline.at + (behind + LATENESS).saturating_sub(grace)
}

/// By how much more a hidden page may be late: its one timer stands still while the machine
/// sleeps, and is then throttled. It conceals before it can be seen again.
pub(super) fn hidden_for(clocks: &Clocks, since: Instant) -> Duration {
    clocks.stood_still_since(since) + HIDDEN_ALIGNMENT
}

/// By when a page that runs has been told by another tab of the browser what that one knows.
///
/// A page that begins later hears nothing of it, nor does a browser elsewhere, nor one whose tabs
/// cannot hear each other: they learn at their next contact with the server, and conceal what they
/// show at their told deadline at the latest.
pub(super) fn told_by(known_since: Instant) -> Instant {
    known_since + MESSAGE_TIME + LATENESS
}

/// By how much the countdown may show less than what is left: what the design allows, and a clock
/// that is `ahead`.
pub(super) fn shown_less(policy: &Policy, round_trip: Duration, ahead: Duration) -> Duration {
    policy.grace() + round_trip + DISPLAY + LATENESS + ahead
}

/// How soon a page is revealed whose session lives, if every request is answered quickly: it asks
/// again when grace is over at the latest, or when it tries again after a failure.
pub(super) fn revealed_within(policy: &Policy) -> Duration {
    policy.grace() + 3 * QUICK_ANSWER
}

/// Until when a concealed page is revealed at all: not for less than a second before the deadline
/// that it is told, which is the server's less grace and a round trip.
pub(super) fn revealed_until(deadline: Instant, policy: &Policy) -> Instant {
    deadline - policy.grace() - QUICK_ANSWER - SHORTEST_REVEAL
}

/// By how much the countdown may show less than what is left to the deadline that another tab was
/// told: what a round trip takes off, and a clock that is `ahead`.
pub(super) fn shown_less_than_told(round_trip: Duration, ahead: Duration) -> Duration {
    SAME_DEADLINE + round_trip + DISPLAY + LATENESS + ahead
}

/// Activity that is later than another by less than this is not reported for itself before the
/// last call.
pub(super) const SAME_ACTIVITY: Duration = Duration::from_millis(100);

/// How long after an activity the server knows of it, if every request is answered quickly.
///
/// A tab tells the one that leads once a touch interval, and that one reports once a touch
/// interval: what just misses the telling waits for the next, and what is then told while a report
/// is under way for the one after it.
pub(super) fn reported_within(policy: &Policy) -> Duration {
    3 * policy.touch_interval().max(SHORTEST_REPORT_INTERVAL) + PATIENCE + 3 * QUICK_ANSWER
}

/// How long a touch that the server has confirmed may wait to be written, while the server runs and
/// its store works: a round of maintenance may take as long as the pause before it.
pub(super) fn deferred_for(policy: &Policy) -> Duration {
    policy.longest_deferral() + policy.maintenance_interval()
}

fn drift(ppm: i64, over: Duration) -> Duration {
    let ppm = u32::try_from(ppm.max(0)).unwrap_or(u32::MAX);
    over * ppm / 1_000_000
}
