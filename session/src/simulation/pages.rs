//! Pages of a session: how they start, how they exchange events with everything else, and how they
//! end.

use std::time::Duration;

use super::{
    bounds::{LATENESS, MESSAGE_TIME},
    call::Call,
    clock::ClockReading,
    coverage::Happening,
    event::{Event, SentMessage},
    history::NewsText,
    machine::Machine,
    mutant::Mutant,
    plan::Place,
    random::{Decision, rng},
    store::SessionNo,
    tab::{Anchor, Document, Dormancy, Effect, NewPage, Page},
    world::World,
};
use crate::{
    ActiveStatus, Concealed, EndReason, Instant, Message, Monitor, News, Purpose, Request, Screen,
};

/// The delay until the browser gives the lock to a tab.
const LOCK_TIME: Duration = Duration::from_millis(20);

/// A history has a line for each of the last seconds of a countdown, and otherwise for every
/// sixtieth second.
const TOLD_EACH: u64 = 3;

impl World<'_> {
    /// A page arrives and starts its script.
    pub(super) fn begin_page(
        &mut self,
        place: Place,
        session: SessionNo,
        status: &ActiveStatus,
        anchor: Anchor,
        navigated: ClockReading,
    ) {
        self.pages_begun += 1;
        let serial = self.pages_begun;
        let plan = &self.plan.machines[place.machine];
        let machine = &self.machines[place.machine];
        let of = [place.machine as u64, place.tab as u64, serial as u64];
        let new_page = NewPage {
            navigated,
            serial,
            session,
            status,
            anchor,
            is_visible: machine.tabs[place.tab].is_visible,
            seed: rng(self.plan.seed, Decision::Jitter, of).u64(..),
            mutant: self.mutant,
        };
        let page = Page::begin(&new_page, &machine.clocks, self.now);
        self.put_document(place, Document::Page(Box::new(page)));
        self.note(Happening::PageStart, place, "starts");
        self.record_known_ends(place, session);
        if plan.has_locks {
            self.request_lock(place, serial);
            self.handle(place, Monitor::handle_timeout);
        } else {
            self.handle(place, |monitor, now| monitor.handle_lead(true, now));
        }
    }

    /// Replaces the document in a tab.
    pub(super) fn put_document(&mut self, place: Place, document: Document) {
        self.release_lock(place);
        self.machines[place.machine].tabs[place.tab].document = document;
    }

    /// Passes an event to the monitor of the page in this tab, if there is one.
    pub(super) fn handle(&mut self, place: Place, event: impl FnOnce(&mut Monitor, Instant)) {
        let mut effects = self.take_effects();
        let machine = &mut self.machines[place.machine];
        let Machine { tabs, clocks, .. } = machine;
        if let Some(page) = tabs[place.tab].page_mut() {
            page.handle(clocks, self.now, event, &mut effects);
        }
        for effect in &effects {
            self.carry_out(place, effect);
        }
        self.give_effects_back(effects);
    }

    pub(super) fn fire_timer(&mut self, place: Place, serial: usize, number: u32) {
        let event = Event::Timer {
            place,
            serial,
            number,
        };
        let is_gone = self.machines[place.machine]
            .page(place.tab, serial)
            .is_none();
        if is_gone || self.is_postponed(place, Some(serial), event) {
            return;
        }
        let Machine { tabs, clocks, .. } = &mut self.machines[place.machine];
        let Some(page) = tabs[place.tab].page_mut() else {
            return;
        };
        match page.timer_due(number, clocks, self.now) {
            Some(Ok(())) => self.handle(place, Monitor::handle_timeout),
            Some(Err(due_at)) => self.queue.push(due_at, event),
            None => {}
        }
    }

    pub(super) fn deliver(&mut self, sent_message: usize, place: Place, serial: usize) {
        let event = Event::Message {
            sent_message,
            place,
            serial,
        };
        if self.is_postponed(place, None, event) {
            return;
        }
        let machine = &self.machines[place.machine];
        let page = machine.page(place.tab, serial);
        if page.is_none_or(|page| page.dormancy.is_some()) {
            return;
        }
        let SentMessage {
            message,
            stamp_ms,
            active_at,
        } = self.sent_messages[sent_message];
        let age_ms = (machine.clocks.wall_ms(self.now) - stamp_ms).max(0);
        let age = Duration::from_millis(age_ms.unsigned_abs());
        let is_claim = matches!(message.news, News::Alive { .. });
        if is_claim && self.mutant == Some(Mutant::HearsNoClaims) {
            return;
        }
        if let Some(page) = self.machines[place.machine].tabs[place.tab].page_mut() {
            page.active_at = page.active_at.max(active_at);
        }
        self.coverage.note(Happening::Message);
        self.write(place, || format!("hears {}", NewsText(message.news)));
        self.handle(place, |monitor, now| {
            monitor.handle_message(&message, age, now);
        });
    }

    pub(super) fn lead(&mut self, place: Place, serial: usize) {
        if self.is_postponed(place, None, Event::Lead { place, serial }) {
            return;
        }
        let machine = &self.machines[place.machine];
        if machine.lock.front() == Some(&(place, serial)) {
            self.note(Happening::Lead, place, "becomes the leader");
            self.handle(place, |monitor, now| monitor.handle_lead(true, now));
        }
    }

    /// The page is frozen or put into the back/forward cache.
    pub(super) fn make_dormant(&mut self, place: Place, how: Dormancy) {
        self.handle(place, |monitor, now| {
            monitor.handle_lead(false, now);
            monitor.handle_put_away(now);
        });
        self.release_lock(place);
        if let Some(page) = self.machines[place.machine].tabs[place.tab].page_mut() {
            page.give_up_requests();
            page.make_dormant(how);
        }
    }

    /// The page is restored. Browsers fire more than one event for that.
    pub(super) fn reactivate(&mut self, place: Place) {
        let machine = &mut self.machines[place.machine];
        let has_locks = self.plan.machines[place.machine].has_locks;
        let Some(page) = machine.tabs[place.tab].page_mut() else {
            return;
        };
        let Some(how) = page.dormancy else { return };
        page.reactivate(self.now);
        let serial = page.serial;
        let waiting = std::mem::take(&mut page.waiting);
        if has_locks {
            self.request_lock(place, serial);
        } else {
            self.handle(place, |monitor, now| monitor.handle_lead(true, now));
        }
        self.handle(place, Monitor::handle_return);
        self.handle(place, Monitor::handle_return);
        match how {
            Dormancy::Frozen => {
                for event in waiting {
                    self.queue.push(self.now, event);
                }
            }
            // The requests of the page were cancelled when it was put into the cache.
            Dormancy::PutAway => {}
        }
    }

    fn carry_out(&mut self, place: Place, effect: &Effect) {
        match *effect {
            Effect::SetTimer { number, at } => self.set_timer(place, number, at),
            Effect::Send(request) => self.ask(place, request),
            Effect::Tell(message) => self.tell(place, message),
            Effect::Adopted => self.adopt(place),
            Effect::Leave(reason) => self.leave(place, reason),
            Effect::Showed { before, now } => self.showed(place, before, now),
            Effect::NoticedGap => self.note(Happening::GapNoticed, place, "notices a gap in time"),
        }
    }

    fn set_timer(&mut self, place: Place, number: u32, at: Instant) {
        let Some(page) = self.machines[place.machine].tabs[place.tab].page() else {
            return;
        };
        let serial = page.serial;
        let late = self.chance(Decision::Lateness, place, LATENESS);
        let event = Event::Timer {
            place,
            serial,
            number,
        };
        self.queue.push(at + late, event);
    }

    fn ask(&mut self, place: Place, request: Request) {
        let Some(page) = self.machines[place.machine].tabs[place.tab].page() else {
            return;
        };
        let generation = page.generation;
        let call = match request.purpose {
            Purpose::KeepAlive { idle_for } => Call::KeepAlive {
                idle_for,
                generation,
            },
            Purpose::Status => Call::Status { generation },
            Purpose::SignOut => Call::SignOut { generation },
        };
        self.fetch(place, call, Some(request.attempt));
    }

    /// Sends a message to every other tab of the browser that is listening.
    fn tell(&mut self, place: Place, message: Message) {
        let machine = &self.machines[place.machine];
        if !machine.has_channel {
            return;
        }
        let listeners = machine.tabs.iter().enumerate().filter_map(|(tab, other)| {
            let page = other.page().filter(|page| page.dormancy.is_none())?;
            (tab != place.tab).then_some((tab, page.serial))
        });
        let listeners: Vec<_> = listeners.collect();
        if listeners.is_empty() {
            return;
        }
        self.sent_messages.push(SentMessage {
            message,
            stamp_ms: machine.clocks.wall_ms(self.now),
            active_at: machine.tabs[place.tab]
                .page()
                .and_then(|page| page.active_at),
        });
        let sent_message = self.sent_messages.len() - 1;
        let wait = self.chance(Decision::Message, place, MESSAGE_TIME);
        self.write(place, || format!("tells {}", NewsText(message.news)));
        for (tab, serial) in listeners {
            let place = Place { tab, ..place };
            let event = Event::Message {
                sent_message,
                place,
                serial,
            };
            self.push_in(wait, event);
        }
    }

    fn adopt(&mut self, place: Place) {
        let tab = &mut self.machines[place.machine].tabs[place.tab];
        let Some(page) = tab.page_mut() else { return };
        if let Some(session) = self.server.store.named(page.generation) {
            page.session = session;
            page.counted_at = None;
        }
        self.note(Happening::Adoption, place, "uses the new generation");
    }

    /// Leaves the page for the page for signing in. If another session has replaced that of the
    /// page, the page is loaded again.
    fn leave(&mut self, place: Place, reason: EndReason) {
        self.note(Happening::Leave, place, "leaves");
        match reason {
            EndReason::Replaced => self.navigate(place, Call::Page { by_user: false }),
            EndReason::IdleTimeout
            | EndReason::AbsoluteTimeout
            | EndReason::SignedOut
            | EndReason::Revoked
            | EndReason::Restored => self.navigate(place, Call::SignInPage),
        }
    }

    fn showed(&mut self, place: Place, before: Screen, now: Screen) {
        let at = self.now;
        if let Some(page) = self.machines[place.machine].tabs[place.tab].page_mut() {
            page.concealed_since = match now {
                Screen::Concealed(_) => page.concealed_since.or(Some(at)),
                Screen::Page | Screen::Countdown(_) => None,
            };
        }
        match (before, now) {
            (Screen::Countdown(_), Screen::Countdown(countdown)) => {
                let left = countdown.seconds_left;
                if left <= TOLD_EACH || left % 60 == 0 {
                    self.write(place, || format!("countdown: {left} s"));
                }
            }
            (_, Screen::Countdown(countdown)) => {
                self.coverage.note(Happening::Countdown);
                let left = countdown.seconds_left;
                self.write(place, || format!("countdown begins: {left} s"));
            }
            (Screen::Concealed(_), Screen::Page) => {
                self.note(Happening::Reveal, place, "is revealed again")
            }
            (_, Screen::Page) => self.write(place, || "shows the page"),
            (_, Screen::Concealed(Concealed::Confirming)) => self.note(
                Happening::Conceal,
                place,
                "is concealed, and the server is asked",
            ),
            (_, Screen::Concealed(Concealed::Unreachable)) => {
                self.note(
                    Happening::Unreachable,
                    place,
                    "is told that the server is unreachable",
                );
            }
            (_, Screen::Concealed(Concealed::Grace)) => {
                self.write(place, || "waits for grace to be over");
            }
            (_, Screen::Concealed(Concealed::SigningOut { .. })) => {
                self.note(Happening::Conceal, place, "is concealed, and signs out");
            }
            (_, Screen::Concealed(Concealed::Ended(reason))) => {
                self.coverage.note(Happening::EndSeen);
                self.write(place, || match reason {
                    Some(reason) => format!("learns of the end: {reason}"),
                    None => "learns that nobody is signed in".to_owned(),
                });
                self.check_end(place, reason);
            }
        }
        self.check_countdown_is_not_too_low(place);
    }

    fn request_lock(&mut self, place: Place, serial: usize) {
        let lock = &mut self.machines[place.machine].lock;
        lock.push_back((place, serial));
        if lock.len() == 1 {
            self.grant_lock(place.machine);
        }
    }

    fn release_lock(&mut self, place: Place) {
        let lock = &mut self.machines[place.machine].lock;
        let held = lock.front().copied();
        lock.retain(|(holder, _)| *holder != place);
        if held.is_some_and(|(holder, _)| holder == place) {
            self.grant_lock(place.machine);
        }
    }

    fn grant_lock(&mut self, machine: usize) {
        if let Some((place, serial)) = self.machines[machine].lock.front().copied() {
            self.push_in(LOCK_TIME, Event::Lead { place, serial });
        }
    }
}
