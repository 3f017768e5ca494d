//! What users do.

use std::time::Duration;

use super::{
    call::Call,
    coverage::Happening,
    dice::{Decision, dice},
    event::Event,
    plan::{Deed, Person, Place, What},
    tab::{Document, Stowed},
    world::World,
};
use crate::{Concealed, EndReason, Monitor, Screen};

impl World<'_> {
    /// The user of a step does something, and will again unless the step is over.
    pub(super) fn work(&mut self, number: usize, time: u64) {
        let step = self.plan.steps[number];
        let What::Deed(place, Deed::Work { every, heeds }) = step.what else {
            return;
        };
        let mut dice = dice(self.plan.seed, Decision::Habit, [step.number, time, 0]);
        let pause = every.mul_f64(0.5 + dice.f64()) + Duration::from_millis(1);
        if self.now + pause < step.at + step.lasts {
            let (step, time) = (number, time + 1);
            self.push_in(pause, Event::Works { step, time });
        }
        let machine = &self.machines[place.machine];
        let tab = &machine.tabs[place.tab];
        if !machine.is_awake() || !tab.is_visible {
            return;
        }
        match &tab.document {
            Document::Closed | Document::Error | Document::Discarded | Document::SignIn => {
                if tab.loading.is_none() {
                    self.open(place);
                }
            }
            Document::Page(page) if page.stowed == Some(Stowed::PutAway) => {}
            Document::Page(page) => {
                let screen = page.screen;
                self.touch_page(place);
                self.respond(place, screen, heeds);
            }
        }
    }

    /// One of the things that a user does once.
    pub(super) fn act(&mut self, place: Place, deed: Deed) {
        let tab = &self.machines[place.machine].tabs[place.tab];
        let page = tab.page().filter(|page| page.shows_content());
        let generation = page.map(|page| page.generation);
        match (deed, generation) {
            (Deed::SignIn(person), _) => {
                self.machines[place.machine].person = person;
                let in_place = false;
                self.touch_page(place);
                self.sign_in(place, person, in_place);
            }
            (Deed::Close, _) => {
                self.note(Happening::Close, place, "is closed");
                self.put_document(place, Document::Closed);
                self.machines[place.machine].tabs[place.tab].loading = None;
            }
            (Deed::Navigate, Some(_)) => {
                self.note(Happening::Navigation, place, "the user follows a link");
                self.touch_page(place);
                self.navigate(place, Call::Page { by_user: true });
            }
            (Deed::Submit, Some(generation)) => {
                self.note(Happening::Form, place, "the user sends a form");
                self.touch_page(place);
                self.navigate(place, Call::Form { generation });
            }
            (Deed::SignOut, Some(_)) => {
                self.touch_page(place);
                self.handle(place, Monitor::handle_sign_out);
            }
            (Deed::RevokeOthers, Some(generation)) => {
                self.touch_page(place);
                self.fetch(place, Call::RevokeOthers { generation }, None);
            }
            (Deed::Navigate | Deed::Submit | Deed::SignOut | Deed::RevokeOthers, None)
            | (Deed::Work { .. } | Deed::LookAway, _) => {}
        }
    }

    /// The user turns to a tab; the others of its window are hidden.
    pub(super) fn look(&mut self, place: Place) {
        let machine = &self.machines[place.machine];
        if !machine.is_awake() || machine.tabs[place.tab].is_visible {
            return;
        }
        for tab in machine.same_window(place.tab) {
            self.hide(Place { tab, ..place });
        }
        let now = self.now;
        let tab = &mut self.machines[place.machine].tabs[place.tab];
        tab.is_visible = true;
        let Some(page) = tab.page_mut() else { return };
        page.set_visible(true, now);
        match page.stowed {
            Some(Stowed::Frozen) => self.unstow(place),
            Some(Stowed::PutAway) => {}
            // `visibilitychange` and `focus`.
            None => {
                self.handle(place, Monitor::handle_return);
                self.handle(place, Monitor::handle_return);
            }
        }
    }

    pub(super) fn hide(&mut self, place: Place) {
        let now = self.now;
        let tab = &mut self.machines[place.machine].tabs[place.tab];
        if !std::mem::take(&mut tab.is_visible) {
            return;
        }
        let Some(page) = tab.page_mut() else { return };
        page.set_visible(false, now);
        if page.stowed.is_none() {
            self.note(Happening::Hidden, place, "is hidden");
            self.handle(place, Monitor::handle_hidden);
        }
    }

    /// The user moves the pointer, or presses a key.
    fn touch_page(&mut self, place: Place) {
        let now = self.now;
        let machine = &mut self.machines[place.machine];
        machine.input_at = now;
        let Some(page) = machine.tabs[place.tab].page_mut() else {
            return;
        };
        if page.stowed.is_some() {
            return;
        }
        self.coverage.note(Happening::Activity);
        self.handle(place, Monitor::handle_activity);
        self.count_activity(place);
    }

    /// From now on the server is to know of this activity, if it was one that counts.
    fn count_activity(&mut self, place: Place) {
        let now = self.now;
        let tab = &mut self.machines[place.machine].tabs[place.tab];
        if let Some(page) = tab.page_mut().filter(|page| page.screen == Screen::Page) {
            page.counted_at = Some(now);
            page.active_at = Some(now);
        }
    }

    /// What the user makes of what is seen.
    fn respond(&mut self, place: Place, screen: Screen, heeds: bool) {
        let machine = &mut self.machines[place.machine];
        let person = machine.person;
        let Some(page) = machine.tabs[place.tab].page_mut() else {
            return;
        };
        match screen {
            Screen::Countdown(countdown) if heeds && !countdown.dismissed => {
                self.note(Happening::Stay, place, "the user stays signed in");
                self.handle(place, Monitor::handle_stay);
            }
            Screen::Concealed(Concealed::Ended(reason))
                if reason.is_none_or(EndReason::keeps_page) && !page.is_signing_in =>
            {
                page.is_signing_in = true;
                self.sign_in(place, person, true);
            }
            Screen::Page | Screen::Countdown(_) | Screen::Concealed(_) => {}
        }
    }

    /// The user opens a tab, loads again what did not load, or signs in.
    fn open(&mut self, place: Place) {
        let now = self.now;
        let machine = &mut self.machines[place.machine];
        machine.input_at = now;
        let person = machine.person;
        match machine.tabs[place.tab].document {
            Document::SignIn => self.sign_in(place, person, false),
            // The browser loads it, not the user.
            Document::Discarded => self.navigate(place, Call::Page { by_user: false }),
            Document::Closed | Document::Error | Document::Page(_) => {
                self.navigate(place, Call::Page { by_user: true });
            }
        }
    }

    fn sign_in(&mut self, place: Place, person: Person, in_place: bool) {
        let call = Call::SignIn { person };
        if in_place {
            self.fetch(place, call, None);
        } else {
            self.navigate(place, call);
        }
    }
}
