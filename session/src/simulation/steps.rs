//! The steps of the plan, as they begin and end.

use super::{
    bounds::LONGEST_RETRY,
    call::Call,
    coverage::Happening,
    event::Event,
    plan::{Accident, Deed, Place, Trouble, What, Whim},
    tab::{Document, Stowed},
    world::World,
};
use crate::Monitor;

impl World<'_> {
    pub(super) fn begin_step(&mut self, number: usize) {
        let step = self.plan.steps[number];
        match step.what {
            What::Deed(place, deed) => self.do_deed(number, place, deed),
            What::Whim(place, whim) => self.indulge(number, place, whim),
            What::Accident(machine, accident) => self.begin_accident(number, machine, accident),
            What::Trouble(trouble) => self.begin_trouble(number, trouble),
        }
    }

    pub(super) fn end_step(&mut self, number: usize) {
        match self.plan.steps[number].what {
            What::Deed(place, Deed::LookAway) => self.look(place),
            What::Whim(place, Whim::Freeze | Whim::PutAway) => {
                self.unstow_when_awake(number, place)
            }
            What::Deed(..) | What::Whim(..) => {}
            What::Accident(machine, Accident::Suspend) => self.wake(number, machine),
            What::Accident(machine, Accident::Offline) => self.go_online(number, machine),
            What::Accident(_, Accident::StepClock { .. }) => {}
            What::Trouble(trouble) => self.end_trouble(number, trouble),
        }
    }

    fn over(&mut self, step: usize) {
        self.push_in(self.plan.steps[step].lasts, Event::Over { step });
    }

    fn do_deed(&mut self, number: usize, place: Place, deed: Deed) {
        if !self.machines[place.machine].is_awake() {
            return;
        }
        match deed {
            Deed::Work { .. } => {
                self.look(place);
                let (step, time) = (number, 0);
                self.queue.push(self.now, Event::Works { step, time });
            }
            Deed::LookAway => {
                for tab in 0..self.machines[place.machine].tabs.len() {
                    self.hide(Place { tab, ..place });
                }
                self.over(number);
            }
            Deed::Navigate
            | Deed::Submit
            | Deed::SignIn(_)
            | Deed::SignOut
            | Deed::RevokeOthers
            | Deed::Close => {
                self.look(place);
                self.act(place, deed);
            }
        }
    }

    fn indulge(&mut self, number: usize, place: Place, whim: Whim) {
        let machine = &self.machines[place.machine];
        let tab = &machine.tabs[place.tab];
        let runs = tab.page().is_some_and(|page| page.stowed.is_none());
        let may = match whim {
            Whim::Poll | Whim::Reload | Whim::PutAway => runs && tab.loading.is_none(),
            Whim::Freeze | Whim::Discard => runs && tab.loading.is_none() && !tab.is_visible,
        };
        if !may || !machine.is_awake() {
            return;
        }
        match whim {
            Whim::Poll => self.fetch(place, Call::Poll, None),
            Whim::Reload => self.navigate(place, Call::Page { by_user: false }),
            Whim::Freeze => {
                self.note(Happening::Freeze, place, "is frozen");
                self.stow(place, Stowed::Frozen);
                self.over(number);
            }
            Whim::PutAway => {
                self.note(
                    Happening::PutAway,
                    place,
                    "is put into the back/forward cache",
                );
                self.stow(place, Stowed::PutAway);
                self.over(number);
            }
            Whim::Discard => {
                self.note(Happening::Discard, place, "is discarded");
                self.put_document(place, Document::Discarded);
            }
        }
    }

    /// A page that is to be restored in suspend is restored after it.
    fn unstow_when_awake(&mut self, step: usize, place: Place) {
        let machine = &mut self.machines[place.machine];
        if machine.is_awake() {
            self.unstow(place);
        } else {
            machine.waiting.push(Event::Over { step });
        }
    }

    fn begin_accident(&mut self, number: usize, machine: usize, accident: Accident) {
        let who = format_args!("machine {}", machine + 1);
        match accident {
            Accident::Suspend if self.machines[machine].is_awake() => {
                self.note(Happening::Suspend, who, "sleeps");
                self.machines[machine].asleep_by = Some(number);
                self.over(number);
            }
            Accident::Suspend => {}
            Accident::Offline => {
                self.note(Happening::Offline, who, "is offline");
                self.machines[machine].offline_by.push(number);
                self.over(number);
            }
            Accident::StepClock { by_ms } => {
                self.coverage.note(Happening::ClockStep);
                self.write(who, || format!("wall clock set by {by_ms} ms"));
                let now = self.now;
                let machine = &mut self.machines[machine];
                machine.clocks.step(now, by_ms);
                machine.disturb(now + LONGEST_RETRY);
            }
        }
    }

    /// The machine wakes; what should have happened meanwhile happens now.
    fn wake(&mut self, number: usize, machine: usize) {
        if self.machines[machine].asleep_by != Some(number) {
            return;
        }
        self.write(format_args!("machine {}", machine + 1), || "wakes");
        let now = self.now;
        let asleep_for = self.plan.steps[number].lasts;
        let woken = &mut self.machines[machine];
        woken.asleep_by = None;
        woken.awake_since = now;
        woken.clocks.slept(now, asleep_for);
        woken.disturb(now + LONGEST_RETRY);
        for event in std::mem::take(&mut woken.waiting) {
            self.queue.push(now, event);
        }
        if self.plan.machines[machine].tells_of_wake_up {
            self.tell_pages_to_return(machine);
        }
    }

    fn go_online(&mut self, number: usize, machine: usize) {
        let back = &mut self.machines[machine];
        back.offline_by.retain(|step| *step != number);
        back.disturb(self.now + LONGEST_RETRY);
        if !back.is_online() {
            return;
        }
        if !back.is_awake() {
            return back.waiting.push(Event::Over { step: number });
        }
        self.write(format_args!("machine {}", machine + 1), || "is online");
        self.tell_pages_to_return(machine);
    }

    fn tell_pages_to_return(&mut self, machine: usize) {
        for tab in self.machines[machine].running() {
            self.handle(Place { machine, tab }, Monitor::handle_return);
        }
    }

    fn begin_trouble(&mut self, number: usize, trouble: Trouble) {
        let now = self.now;
        match trouble {
            Trouble::Storm(weather) => {
                self.note(Happening::Storm, "network", "is in a storm");
                self.storms.push((number, weather));
            }
            Trouble::Restart { crash } if self.down_by.is_none() => {
                let happening = if crash {
                    Happening::Crash
                } else {
                    Happening::Restart
                };
                self.note(
                    happening,
                    "server",
                    if crash { "crashes" } else { "restarts" },
                );
                self.down_by = Some(number);
                self.server.stop(crash, now);
                self.enter_server_deeds();
            }
            Trouble::Restart { .. } => return,
            Trouble::StoreFails => {
                self.note(Happening::StoreFailure, "server", "loses its store");
                self.store_fails_by.push(number);
                self.server.store.set_works(false, now);
                self.enter_server_deeds();
            }
        }
        self.over(number);
    }

    fn end_trouble(&mut self, number: usize, trouble: Trouble) {
        match trouble {
            Trouble::Storm(_) => self.storms.retain(|(step, _)| *step != number),
            Trouble::Restart { .. } => {
                if self.down_by == Some(number) {
                    self.write("server", || "is up");
                    self.down_by = None;
                    self.server.start(self.now);
                    self.served_since = self.now;
                }
            }
            Trouble::StoreFails => {
                self.store_fails_by.retain(|step| *step != number);
                if self.store_fails_by.is_empty() {
                    self.write("server", || "has its store back");
                    self.server.store.set_works(true, self.now);
                    self.served_since = self.now;
                }
            }
        }
        // Who failed meanwhile waits before trying again.
        for machine in &mut self.machines {
            machine.disturb(self.now + LONGEST_RETRY);
        }
    }
}
