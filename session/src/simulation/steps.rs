//! Begins and ends the steps of the plan.

use super::{
    bounds::LONGEST_RETRY,
    call::Call,
    coverage::Happening,
    event::Event,
    plan::{BrowserAction, Fault, MachineEvent, Place, StepKind, UserAction},
    tab::{Document, Dormancy},
    world::World,
};
use crate::Monitor;

impl World<'_> {
    pub(super) fn begin_step(&mut self, number: usize) {
        let step = self.plan.steps[number];
        match step.kind {
            StepKind::User(place, action) => self.do_user_action(number, place, action),
            StepKind::Browser(place, action) => self.do_browser_action(number, place, action),
            StepKind::Machine(machine, event) => self.begin_machine_event(number, machine, event),
            StepKind::Fault(fault) => self.begin_fault(number, fault),
        }
    }

    pub(super) fn end_step(&mut self, number: usize) {
        match self.plan.steps[number].kind {
            StepKind::User(place, UserAction::LookAway) => self.look_at(place),
            StepKind::Browser(place, BrowserAction::Freeze | BrowserAction::PutAway) => {
                self.reactivate_when_awake(number, place)
            }
            StepKind::User(..) | StepKind::Browser(..) => {}
            StepKind::Machine(machine, MachineEvent::Suspend) => self.wake(number, machine),
            StepKind::Machine(machine, MachineEvent::Offline) => self.go_online(number, machine),
            StepKind::Machine(_, MachineEvent::StepClock { .. }) => {}
            StepKind::Fault(fault) => self.end_fault(number, fault),
        }
    }

    fn schedule_end(&mut self, step: usize) {
        self.push_in(self.plan.steps[step].lasts, Event::StepEnds { step });
    }

    fn do_user_action(&mut self, number: usize, place: Place, action: UserAction) {
        if !self.machines[place.machine].is_awake() {
            return;
        }
        match action {
            UserAction::Work { .. } => {
                self.look_at(place);
                let (step, time) = (number, 0);
                self.queue.push(self.now, Event::UserActs { step, time });
            }
            UserAction::LookAway => {
                for tab in 0..self.machines[place.machine].tabs.len() {
                    self.hide(Place { tab, ..place });
                }
                self.schedule_end(number);
            }
            UserAction::Navigate
            | UserAction::Submit
            | UserAction::SignIn(_)
            | UserAction::SignOut
            | UserAction::RevokeOthers
            | UserAction::Close => {
                self.look_at(place);
                self.act(place, action);
            }
        }
    }

    fn do_browser_action(&mut self, number: usize, place: Place, action: BrowserAction) {
        let machine = &self.machines[place.machine];
        let tab = &machine.tabs[place.tab];
        let runs = tab.page().is_some_and(|page| page.dormancy.is_none());
        let may = match action {
            BrowserAction::Poll | BrowserAction::Reload | BrowserAction::PutAway => {
                runs && tab.loading.is_none()
            }
            BrowserAction::Freeze | BrowserAction::Discard => {
                runs && tab.loading.is_none() && !tab.is_visible
            }
        };
        if !may || !machine.is_awake() {
            return;
        }
        match action {
            BrowserAction::Poll => self.fetch(place, Call::Poll, None),
            BrowserAction::Reload => self.navigate(place, Call::Page { by_user: false }),
            BrowserAction::Freeze => {
                self.note(Happening::Freeze, place, "is frozen");
                self.make_dormant(place, Dormancy::Frozen);
                self.schedule_end(number);
            }
            BrowserAction::PutAway => {
                self.note(
                    Happening::PutAway,
                    place,
                    "is put into the back/forward cache",
                );
                self.make_dormant(place, Dormancy::PutAway);
                self.schedule_end(number);
            }
            BrowserAction::Discard => {
                self.note(Happening::Discard, place, "is discarded");
                self.put_document(place, Document::Discarded);
            }
        }
    }

    /// Restores a page, after the machine has woken up if it is suspended.
    fn reactivate_when_awake(&mut self, step: usize, place: Place) {
        let machine = &mut self.machines[place.machine];
        if machine.is_awake() {
            self.reactivate(place);
        } else {
            machine.waiting.push(Event::StepEnds { step });
        }
    }

    fn begin_machine_event(&mut self, number: usize, machine: usize, event: MachineEvent) {
        let who = format_args!("machine {}", machine + 1);
        match event {
            MachineEvent::Suspend if self.machines[machine].is_awake() => {
                self.note(Happening::Suspend, who, "sleeps");
                self.machines[machine].asleep_by = Some(number);
                self.schedule_end(number);
            }
            MachineEvent::Suspend => {}
            MachineEvent::Offline => {
                self.note(Happening::Offline, who, "is offline");
                self.machines[machine].offline_by.push(number);
                self.schedule_end(number);
            }
            MachineEvent::StepClock { by_ms } => {
                self.coverage.note(Happening::ClockStep);
                self.write(who, || format!("the wall clock is set by {by_ms} ms"));
                let now = self.now;
                let machine = &mut self.machines[machine];
                machine.clocks.step(now, by_ms);
                machine.disturb(now + LONGEST_RETRY);
            }
        }
    }

    /// The machine wakes up, and handles the events that were due meanwhile.
    fn wake(&mut self, number: usize, machine: usize) {
        if self.machines[machine].asleep_by != Some(number) {
            return;
        }
        self.write(format_args!("machine {}", machine + 1), || "wakes up");
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
            return back.waiting.push(Event::StepEnds { step: number });
        }
        self.write(format_args!("machine {}", machine + 1), || "is online");
        self.tell_pages_to_return(machine);
    }

    fn tell_pages_to_return(&mut self, machine: usize) {
        for tab in self.machines[machine].running() {
            self.handle(Place { machine, tab }, Monitor::handle_return);
        }
    }

    fn begin_fault(&mut self, number: usize, fault: Fault) {
        let now = self.now;
        match fault {
            Fault::Storm(network) => {
                self.note(Happening::Storm, "network", "is bad");
                self.storms.push((number, network));
            }
            Fault::Restart { crash } if self.down_by.is_none() => {
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
                self.record_server_events();
            }
            Fault::Restart { .. } => return,
            Fault::StoreFails => {
                self.note(Happening::StoreFailure, "server", "cannot use its store");
                self.store_fails_by.push(number);
                self.server.store.set_works(false, now);
                self.record_server_events();
            }
        }
        self.schedule_end(number);
    }

    fn end_fault(&mut self, number: usize, fault: Fault) {
        match fault {
            Fault::Storm(_) => self.storms.retain(|(step, _)| *step != number),
            Fault::Restart { .. } => {
                if self.down_by == Some(number) {
                    self.write("server", || "is up");
                    self.down_by = None;
                    self.server.start(self.now);
                    self.served_since = self.now;
                }
            }
            Fault::StoreFails => {
                self.store_fails_by.retain(|step| *step != number);
                if self.store_fails_by.is_empty() {
                    self.write("server", || "can use its store again");
                    self.server.store.set_works(true, self.now);
                    self.served_since = self.now;
                }
            }
        }
        // Browsers whose requests failed meanwhile wait before they try again.
        for machine in &mut self.machines {
            machine.disturb(self.now + LONGEST_RETRY);
        }
    }
}
