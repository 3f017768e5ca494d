//! Actions of users.

use std::time::Duration;

use super::{
    call::Call,
    coverage::Happening,
    event::Event,
    plan::{Person, Place, StepKind, UserAction},
    random::{Decision, rng},
    tab::{Document, Dormancy},
    world::World,
};
use crate::{Concealed, EndReason, Monitor, Screen};

impl World<'_> {
    /// The user of a step is active, and will be again unless the step ends before.
    pub(super) fn act_repeatedly(&mut self, number: usize, time: u64) {
        let step = self.plan.steps[number];
        let StepKind::User(
            place,
            UserAction::Work {
                every,
                stays_signed_in,
            },
        ) = step.kind
        else {
            return;
        };
        let mut rng = rng(self.plan.seed, Decision::Habit, [step.number, time, 0]);
        let pause = every.mul_f64(0.5 + rng.f64()) + Duration::from_millis(1);
        if self.now + pause < step.at + step.lasts {
            let (step, time) = (number, time + 1);
            self.push_in(pause, Event::UserActs { step, time });
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
            Document::Page(page) if page.dormancy == Some(Dormancy::PutAway) => {}
            Document::Page(page) => {
                let screen = page.screen;
                self.be_active(place);
                self.respond(place, screen, stays_signed_in);
            }
        }
    }

    /// Carries out a single action of a user.
    pub(super) fn act(&mut self, place: Place, action: UserAction) {
        let tab = &self.machines[place.machine].tabs[place.tab];
        let page = tab.page().filter(|page| page.shows_content());
        let generation = page.map(|page| page.generation);
        match (action, generation) {
            (UserAction::SignIn(person), _) => {
                self.machines[place.machine].person = person;
                let in_place = false;
                self.be_active(place);
                self.sign_in(place, person, in_place);
            }
            (UserAction::Close, _) => {
                self.note(Happening::Close, place, "is closed");
                self.put_document(place, Document::Closed);
                self.machines[place.machine].tabs[place.tab].loading = None;
            }
            (UserAction::Navigate, Some(_)) => {
                self.note(Happening::Navigation, place, "the user follows a link");
                self.be_active(place);
                self.navigate(place, Call::Page { by_user: true });
            }
            (UserAction::Submit, Some(generation)) => {
                self.note(Happening::Form, place, "the user sends a form");
                self.be_active(place);
                self.navigate(place, Call::Form { generation });
            }
            (UserAction::SignOut, Some(_)) => {
                self.be_active(place);
                self.handle(place, Monitor::handle_sign_out);
            }
            (UserAction::RevokeOthers, Some(generation)) => {
                self.be_active(place);
                self.fetch(place, Call::RevokeOthers { generation }, None);
            }
            (
                UserAction::Navigate
                | UserAction::Submit
                | UserAction::SignOut
                | UserAction::RevokeOthers,
                None,
            )
            | (UserAction::Work { .. } | UserAction::LookAway, _) => {}
        }
    }

    /// The user switches to a tab, so the other tabs in its window are hidden.
    pub(super) fn look_at(&mut self, place: Place) {
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
        match page.dormancy {
            Some(Dormancy::Frozen) => self.reactivate(place),
            Some(Dormancy::PutAway) => {}
            // The events `visibilitychange` and `focus` both occur.
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
        if page.dormancy.is_none() {
            self.note(Happening::Hidden, place, "is hidden");
            self.handle(place, Monitor::handle_hidden);
        }
    }

    /// The user moves the pointer, or presses a key.
    fn be_active(&mut self, place: Place) {
        let now = self.now;
        let machine = &mut self.machines[place.machine];
        machine.input_at = now;
        let Some(page) = machine.tabs[place.tab].page_mut() else {
            return;
        };
        if page.dormancy.is_some() {
            return;
        }
        self.coverage.note(Happening::Activity);
        self.handle(place, Monitor::handle_activity);
        self.expect_report(place);
    }

    /// If the activity counts, the server has to learn of it.
    fn expect_report(&mut self, place: Place) {
        let now = self.now;
        let tab = &mut self.machines[place.machine].tabs[place.tab];
        if let Some(page) = tab.page_mut().filter(|page| page.screen == Screen::Page) {
            page.counted_at = Some(now);
            page.active_at = Some(now);
        }
    }

    /// The user responds to what the page shows.
    fn respond(&mut self, place: Place, screen: Screen, stays_signed_in: bool) {
        let machine = &mut self.machines[place.machine];
        let person = machine.person;
        let Some(page) = machine.tabs[place.tab].page_mut() else {
            return;
        };
        match screen {
            Screen::Countdown(countdown) if stays_signed_in && !countdown.dismissed => {
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

    /// The user opens a tab, reloads a page that could not be loaded, or signs in.
    fn open(&mut self, place: Place) {
        let now = self.now;
        let machine = &mut self.machines[place.machine];
        machine.input_at = now;
        let person = machine.person;
        match machine.tabs[place.tab].document {
            Document::SignIn => self.sign_in(place, person, false),
            // The browser loads the page again, not the user.
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
