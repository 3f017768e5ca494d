//! The tolerances of the properties, all in one place, with their reasons.
//!
//! The true time is that of the server. A property about an instant may be off by what separates a
//! tab from the server: the network, the clock of the tab and the timers of the browser. There are
//! no other tolerances.

use std::time::Duration;

use super::clock::Clocks;
use crate::{Deadline, Instant, Limit, Policy};

/// The longest time between two readings of the clock while a page is visible. After a wake-up, a
/// page shows for no longer than this what it should conceal.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(1);

/// How late a timer can fire that is not throttled.
pub(super) const LATENESS: Duration = Duration::from_millis(15);

/// The alignment of the timers of a tab that has been hidden for long. Nobody sees the tab
/// meanwhile.
pub(super) const HIDDEN_ALIGNMENT: Duration = Duration::from_secs(60);

/// The longest delay of a message between two tabs of a browser.
pub(super) const MESSAGE_TIME: Duration = Duration::from_millis(100);

/// How long a page waits for an answer.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// [`crate::Elapsed`] ignores differences of up to 50 ms between the clocks. A short suspend can
/// change the difference from one end of this range to the other.
const CLOCK_NOISE: Duration = Duration::from_millis(100);

/// Clocks are read in whole milliseconds, and durations are computed from two readings.
const ROUNDING: Duration = Duration::from_millis(3);

/// The countdown is rounded down to whole seconds.
const DISPLAY: Duration = Duration::from_secs(1);

/// An answer that takes longer than this delays the reporting of activity.
pub(super) const QUICK_ANSWER: Duration = Duration::from_secs(1);

/// The longest pause in reporting after a failure.
pub(super) const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// A concealed page is not revealed for less than this.
const SHORTEST_REVEAL: Duration = Duration::from_secs(1);

/// The shortest time between two reports, however short the touch interval is.
const SHORTEST_REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Told deadlines that differ by less than this count as the same.
pub(super) const DEADLINE_TOLERANCE: Duration = Duration::from_millis(100);

/// How long a tab waits for the leader before it reports by itself.
const LEADER_TIMEOUT: Duration = Duration::from_secs(1);

/// By how much the clock of a page may have fallen behind since `since`.
///
/// The clock is slow by the drift of the machine. A suspend during which the monotonic clock stands
/// still, and a slow monotonic clock, are noticed only by the wall clock. They go unnoticed to the
/// extent that the wall clock was set back or is slow itself, because then no clock shows them
/// (`I2`).
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

/// By how much a message may be older than the receiving page believes. Its timestamp is from the
/// wall clock, which may be slow, or may be set back while the message waits for the machine to
/// wake up.
pub(super) fn age_underestimate(clocks: &Clocks, since: Instant) -> Duration {
    let slept = clocks.slept_since(since);
    let lost_by_wall = clocks.set_back_since(since) + drift(-clocks.plan().wall_drift_ppm, slept);
    slept.min(lost_by_wall)
}

/// By how much the clock of a page may have run ahead since `since`: by the drift of the machine,
/// and by every step of the wall clock forward, which looks like a suspend.
pub(super) fn ahead(clocks: &Clocks, since: Instant, now: Instant) -> Duration {
    let plan = clocks.plan();
    let ppm = plan.wall_drift_ppm.max(plan.monotonic_drift_ppm);
    drift(ppm, now.since(since)) + CLOCK_NOISE + ROUNDING + clocks.set_forward_since(since)
}

/// Until when a visible page may show content of a session that a timeout ends at `deadline`.
///
/// The page was told an idle deadline that is earlier by the grace, counted from before the
/// server's answer. So it may be late only by how far its clock is `behind` and by the lateness of
/// its timer. If a crash has lost touches since, the page was told a deadline that was later by
/// `lost`, which is less than the grace.
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

/// By how much more a hidden page may be late. Its one timer stands still while the machine sleeps
/// and is throttled after that, but the page conceals its content before it can be seen again.
pub(super) fn hidden_for(clocks: &Clocks, since: Instant) -> Duration {
    clocks.stood_still_since(since) + HIDDEN_ALIGNMENT
}

/// By when a running page has received the news of an end that another tab of the browser knows.
///
/// This does not apply to pages that start later, to other browsers, and to browsers whose tabs
/// cannot exchange messages. They learn of the end at their next contact with the server, and
/// conceal their content at the told deadline at the latest.
pub(super) fn told_by(known_since: Instant) -> Instant {
    known_since + MESSAGE_TIME + LATENESS
}

/// By how much the countdown may be lower than the time left: by what the design allows, and by a
/// clock that is `ahead`.
pub(super) fn countdown_slack(policy: &Policy, round_trip: Duration, ahead: Duration) -> Duration {
    policy.grace() + round_trip + DISPLAY + LATENESS + ahead
}

/// How soon the page of a live session is revealed if every request is answered quickly: it asks
/// the server again when grace is over, or after a failure.
pub(super) fn revealed_within(policy: &Policy) -> Duration {
    policy.grace() + 3 * QUICK_ANSWER
}

/// Until when a concealed page is revealed at all. It is not revealed for less than a second before
/// its told deadline, which is earlier than the server's by the grace and a round trip.
pub(super) fn revealed_until(deadline: Instant, policy: &Policy) -> Instant {
    deadline - policy.grace() - QUICK_ANSWER - SHORTEST_REVEAL
}

/// By how much the countdown may be lower than the time left until the deadline that another tab
/// was told: by a round trip, and by a clock that is `ahead`.
pub(super) fn countdown_slack_between_tabs(round_trip: Duration, ahead: Duration) -> Duration {
    DEADLINE_TOLERANCE + round_trip + DISPLAY + LATENESS + ahead
}

/// Activity that is later than reported activity by less than this is not reported separately until
/// shortly before the warning.
pub(super) const ACTIVITY_TOLERANCE: Duration = Duration::from_millis(100);

/// How long after an activity the server has learnt of it, if every request is answered quickly.
///
/// A tab announces activity to the leader once per touch interval, and the leader reports once per
/// touch interval. Activity that just misses an announcement waits for the next one, and if a
/// report is under way then, for the one after it.
pub(super) fn reported_within(policy: &Policy) -> Duration {
    3 * policy.touch_interval().max(SHORTEST_REPORT_INTERVAL) + LEADER_TIMEOUT + 3 * QUICK_ANSWER
}

/// How long a confirmed touch may wait to be written, while the server and its store work. A round
/// of maintenance may take as long as the pause before it.
pub(super) fn deferred_for(policy: &Policy) -> Duration {
    policy.longest_deferral() + policy.maintenance_interval()
}

fn drift(ppm: i64, over: Duration) -> Duration {
    let ppm = u32::try_from(ppm.max(0)).unwrap_or(u32::MAX);
    over * ppm / 1_000_000
}
