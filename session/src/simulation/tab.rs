//! A tab with the real [`Monitor`] and a simulated driver.

use std::time::Duration;

use super::{
    bounds::{HEARTBEAT, HIDDEN_ALIGNMENT},
    clock::{ClockReading, Clocks},
    event::Event,
    mutant::Mutant,
    store::SessionNo,
};
use crate::{
    Action, ActiveStatus, Attempt, Concealed, Elapsed, EndReason, Generation, Instant, Message,
    Monitor, News, Purpose, Reading, Request, Screen, State,
};

/// The longest delay for `setTimeout`, which fires at once if it is given a longer one.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

/// How long a tab has to be hidden until its chained timers are aligned to minutes.
const THROTTLED_AFTER: Duration = Duration::from_secs(5 * 60);
/// How many timers in a row, each set by the one before, count as chained.
const CHAINED_AFTER: u32 = 5;

/// A tab of a browser.
#[derive(Debug)]
pub(super) struct Tab {
    pub(super) document: Document,
    pub(super) is_visible: bool,
    /// The navigation that is under way. The document stays until it has finished.
    pub(super) loading: Option<usize>,
}

#[derive(Debug)]
pub(super) enum Document {
    /// There is no such tab.
    Closed,
    /// The error page of the browser, because the server was not reached.
    Error,
    SignIn,
    /// The tab was discarded from memory.
    Discarded,
    /// A page of a session.
    Page(Box<Page>),
}

impl Tab {
    pub(super) fn new() -> Self {
        Self {
            document: Document::Closed,
            is_visible: false,
            loading: None,
        }
    }

    pub(super) fn page(&self) -> Option<&Page> {
        match &self.document {
            Document::Page(page) => Some(page),
            _ => None,
        }
    }

    pub(super) fn page_mut(&mut self) -> Option<&mut Page> {
        match &mut self.document {
            Document::Page(page) => Some(page),
            _ => None,
        }
    }
}

/// A page that is shown in a session, with its driver.
#[derive(Debug)]
pub(super) struct Page {
    /// Tells the documents of a tab apart.
    pub(super) serial: usize,
    pub(super) session: SessionNo,
    pub(super) generation: Generation,
    pub(super) screen: Screen,
    pub(super) dormancy: Option<Dormancy>,
    /// Since when it has been running without interruption.
    pub(super) runs_since: Instant,
    /// The latest answer that the monitor has used.
    pub(super) anchor: Anchor,
    /// Since when it has been concealed.
    pub(super) concealed_since: Option<Instant>,
    /// The latest activity here that has to be reported.
    pub(super) counted_at: Option<Instant>,
    /// The latest activity that it knows of, here or in another tab.
    pub(super) active_at: Option<Instant>,
    /// Whether a sign-in over the ended page is under way.
    pub(super) is_signing_in: bool,
    /// The events that wait until it is no longer frozen.
    pub(super) waiting: Vec<Event>,
    monitor: Monitor,
    elapsed: Elapsed,
    mutant: Option<Mutant>,
    latest_attempt: Option<Attempt>,
    timer: Option<Timer>,
    timers_set: u32,
    chained: u32,
    hidden_since: Option<Instant>,
    visible_since: Instant,
}

/// Why a page is neither running nor visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dormancy {
    Frozen,
    /// In the back/forward cache.
    PutAway,
}

/// An answer of the server, in true time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub(super) asked_at: Instant,
    pub(super) round_trip: Duration,
    /// The deadline as it was when the server answered.
    pub(super) deadline: Instant,
    /// How long the machine slept before the page had started its clock.
    pub(super) slept: Duration,
}

/// The one timer of the page. Timers use the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Timer {
    number: u32,
    due_ms: i64,
}

/// What a page does to everything around it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    /// Sets a timer. `at` is the true time at which it fires if the machine stays awake.
    SetTimer {
        number: u32,
        at: Instant,
    },
    Send(Request),
    Tell(Message),
    Adopted,
    Leave(EndReason),
    Showed {
        before: Screen,
        now: Screen,
    },
    NoticedGap,
}

/// The properties of a new page.
pub(super) struct NewPage<'a> {
    /// The reading of the clocks when its navigation began.
    pub(super) navigated: ClockReading,
    pub(super) serial: usize,
    pub(super) session: SessionNo,
    pub(super) status: &'a ActiveStatus,
    pub(super) anchor: Anchor,
    pub(super) is_visible: bool,
    pub(super) seed: u64,
    pub(super) mutant: Option<Mutant>,
}

impl Page {
    /// Starts the script of a page whose navigation began at `anchor.asked_at`.
    pub(super) fn begin(new_page: &NewPage<'_>, clocks: &Clocks, now: Instant) -> Self {
        let asked_at = new_page.anchor.asked_at;
        let navigation = Instant::from_millis(0);
        let status = status_for_monitor(new_page.mutant, new_page.status, now.since(asked_at));
        let shown = clocks.read(now);
        // Until then, the browser counts the time since the navigation by its monotonic clock
        // alone.
        let loading_ms = shown.monotonic_ms - new_page.navigated.monotonic_ms;
        let page_now = Instant::from_millis(loading_ms);
        let elapsed = Elapsed::new(page_now, shown.wall_ms, shown.monotonic_ms);
        Self {
            serial: new_page.serial,
            session: new_page.session,
            generation: status.generation,
            screen: Screen::Page,
            dormancy: None,
            runs_since: now,
            anchor: Anchor {
                slept: clocks.stood_still_since(asked_at),
                ..new_page.anchor
            },
            concealed_since: None,
            counted_at: None,
            active_at: None,
            is_signing_in: false,
            waiting: Vec::new(),
            monitor: Monitor::new(&status, navigation, new_page.seed, page_now),
            elapsed,
            mutant: new_page.mutant,
            latest_attempt: None,
            timer: None,
            timers_set: 0,
            chained: 0,
            hidden_since: (!new_page.is_visible).then_some(now),
            visible_since: now,
        }
    }

    /// Passes an event with its time to the monitor, and carries out what follows from it.
    pub(super) fn handle(
        &mut self,
        clocks: &Clocks,
        now: Instant,
        event: impl FnOnce(&mut Monitor, Instant),
        effects: &mut Vec<Effect>,
    ) {
        let shown = clocks.read(now);
        let reading = self.elapsed.read(shown.wall_ms, shown.monotonic_ms);
        if reading.gap.is_some() {
            effects.push(Effect::NoticedGap);
            self.monitor.handle_return(reading.now);
            if self.mutant == Some(Mutant::TakesWakingForActivity) {
                self.monitor.handle_activity(reading.now);
            }
        }
        event(&mut self.monitor, reading.now);
        self.carry_out(effects);
        self.set_timer(reading, clocks, now, effects);
    }

    /// The status that the monitor is told, which a mutant may change.
    pub(super) fn status_for_monitor(
        &self,
        status: &ActiveStatus,
        round_trip: Duration,
    ) -> ActiveStatus {
        status_for_monitor(self.mutant, status, round_trip)
    }

    /// Whether the monitor is still waiting for an answer to this attempt.
    pub(super) fn waits_for(&self, attempt: Attempt) -> bool {
        self.latest_attempt == Some(attempt)
    }

    /// The page is frozen or put into the cache, so its requests are cancelled.
    pub(super) fn give_up_requests(&mut self) {
        self.latest_attempt = None;
    }

    pub(super) fn state(&self) -> State {
        self.monitor.state()
    }

    /// Since when the page could be seen by the user, if it is visible.
    pub(super) fn in_front_since(&self) -> Instant {
        self.runs_since.max(self.visible_since)
    }

    pub(super) fn shows_content(&self) -> bool {
        self.dormancy.is_none() && matches!(self.screen, Screen::Page | Screen::Countdown(_))
    }

    pub(super) fn set_visible(&mut self, is_visible: bool, now: Instant) {
        if is_visible {
            self.hidden_since = None;
            self.visible_since = now;
            self.chained = 0;
        } else {
            self.hidden_since = self.hidden_since.or(Some(now));
        }
    }

    /// Stops the timer, because none runs while the page is frozen or in the cache.
    pub(super) fn make_dormant(&mut self, how: Dormancy) {
        self.dormancy = Some(how);
        self.timer = None;
    }

    pub(super) fn reactivate(&mut self, now: Instant) {
        self.dormancy = None;
        self.runs_since = now;
        self.timer = None;
    }

    /// Whether the timer with this number is due, or else when it will be.
    pub(super) fn timer_due(
        &mut self,
        number: u32,
        clocks: &Clocks,
        now: Instant,
    ) -> Option<Result<(), Instant>> {
        let timer = self.timer.filter(|timer| timer.number == number)?;
        let due_at = clocks.when_monotonic(timer.due_ms, now);
        if due_at > now {
            return Some(Err(due_at));
        }
        self.timer = None;
        self.chained += 1;
        Some(Ok(()))
    }

    fn carry_out(&mut self, effects: &mut Vec<Effect>) {
        while let Some(action) = self.monitor.poll_action() {
            match action {
                Action::Show(screen) => self.show(screen, effects),
                Action::Send(mut request) => {
                    self.latest_attempt = Some(request.attempt);
                    if self.mutant == Some(Mutant::NeverReports) {
                        request.purpose = Purpose::Status;
                    }
                    effects.push(Effect::Send(request));
                }
                Action::Tell(message) => {
                    let is_kept = self.mutant == Some(Mutant::KeepsEndToItself)
                        && message.news == News::Ended;
                    if !is_kept {
                        effects.push(Effect::Tell(message));
                    }
                }
                Action::Adopt(generation) => {
                    self.generation = generation;
                    effects.push(Effect::Adopted);
                }
                Action::Leave(reason) => effects.push(Effect::Leave(reason)),
            }
        }
    }

    fn show(&mut self, screen: Screen, effects: &mut Vec<Effect>) {
        let is_ghost = self.mutant == Some(Mutant::ShowsWhatIsConcealed)
            && matches!(
                screen,
                Screen::Concealed(Concealed::Confirming | Concealed::Grace)
            );
        if is_ghost {
            return;
        }
        let before = self.screen;
        self.screen = screen;
        effects.push(Effect::Showed {
            before,
            now: screen,
        });
    }

    /// Sets the timer, unless one is set that fires earlier, which does no harm.
    fn set_timer(
        &mut self,
        reading: Reading,
        clocks: &Clocks,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let Some((due_at, _)) = self.monitor.poll_timeout() else {
            self.timer = None;
            return;
        };
        let mut delay = due_at.since(reading.now).min(LONGEST_TIMER);
        if self.hidden_since.is_none() {
            delay = delay.min(HEARTBEAT);
        }
        let set_ms = clocks.monotonic_ms(now);
        let due_ms = (Instant::from_millis(set_ms) + delay).as_millis();
        let due_ms = self.throttled(due_ms, now);
        if self.timer.is_some_and(|timer| timer.due_ms <= due_ms) {
            return;
        }
        self.timers_set = self.timers_set.wrapping_add(1);
        let number = self.timers_set;
        self.timer = Some(Timer { number, due_ms });
        let at = clocks.when_monotonic(due_ms, now);
        effects.push(Effect::SetTimer { number, at });
    }

    /// Timers of hidden tabs are aligned to seconds, and chained ones after a while to minutes.
    fn throttled(&self, due_ms: i64, now: Instant) -> i64 {
        let Some(hidden_since) = self.hidden_since else {
            return due_ms;
        };
        let is_intensive =
            self.chained >= CHAINED_AFTER && now.since(hidden_since) >= THROTTLED_AFTER;
        let alignment_ms = match is_intensive {
            true => HIDDEN_ALIGNMENT.as_millis() as i64,
            false => 1_000,
        };
        (due_ms + alignment_ms - 1).div_euclid(alignment_ms) * alignment_ms
    }
}

/// The status that the monitor is told, which a mutant may change.
fn status_for_monitor(
    mutant: Option<Mutant>,
    status: &ActiveStatus,
    round_trip: Duration,
) -> ActiveStatus {
    match mutant {
        Some(Mutant::AnchorsToTheAnswer) => ActiveStatus {
            idle_remaining: status.idle_remaining + round_trip,
            absolute_remaining: status.absolute_remaining + round_trip,
            ..*status
        },
        _ => *status,
    }
}
