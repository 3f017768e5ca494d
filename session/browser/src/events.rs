//! Listens to the user's activity and to changes of the page's state.

use std::{cell::Cell, rc::Rc};

use js_sys::Reflect;
use wasm_bindgen::JsCast as _;
use web_sys::{
    Event, EventTarget, KeyboardEvent, PageTransitionEvent, PointerEvent, VisibilityState, Window,
};

use crate::{driver::Driver, listener::listen_to};

/// The events that can be activity of the user. `docs/activity.md` has the reasons for these and
/// for the events that are missing.
const ACTIVITY_EVENTS: [&str; 12] = [
    "pointerdown",
    "pointermove",
    "wheel",
    "touchstart",
    "touchmove",
    "keydown",
    "keyup",
    "beforeinput",
    "compositionupdate",
    "paste",
    "drop",
    "input",
];

/// Registers the listeners, which stay for as long as the page exists.
pub(crate) fn listen(driver: &Rc<Driver>) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let Some(document) = window.document() else {
        return;
    };
    listen_to_user(driver, &window);
    listen_to_page(driver, &window, &document);
}

fn listen_to_user(driver: &Rc<Driver>, window: &Window) {
    let filter = Rc::new(ActivityFilter {
        window: window.clone(),
        pointer_position: Cell::new(None),
        is_key_held: Cell::new(false),
    });
    for name in ACTIVITY_EVENTS {
        let (driver, filter) = (Rc::clone(driver), Rc::clone(&filter));
        on(window, name, move |event| {
            if filter.is_activity(name, event) {
                driver.handle_activity();
            }
        });
    }
}

/// Decides which events are activity of the user. Others come from scripts, from the browser or
/// from objects on the keyboard.
struct ActivityFilter {
    window: Window,
    pointer_position: Cell<Option<(i32, i32)>>,
    is_key_held: Cell<bool>,
}

impl ActivityFilter {
    fn is_activity(&self, name: &str, event: &Event) -> bool {
        match name {
            // Browsers send this event without a movement after a wake-up or a change of the
            // layout.
            "pointermove" => {
                let Some(pointer) = event.dyn_ref::<PointerEvent>() else {
                    return false;
                };
                let moved_to = (pointer.screen_x(), pointer.screen_y());
                let moved_from = self.pointer_position.replace(Some(moved_to));
                moved_from.is_some_and(|moved_from| moved_from != moved_to)
            }
            // A key that is held down may be held by an object on the keyboard, so neither its
            // repetitions nor the text that they type are activity.
            "keydown" => {
                let is_held = event
                    .dyn_ref::<KeyboardEvent>()
                    .is_some_and(KeyboardEvent::repeat);
                self.is_key_held.set(is_held);
                !is_held
            }
            "keyup" => {
                self.is_key_held.set(false);
                false
            }
            "beforeinput" | "compositionupdate" => !self.is_key_held.get(),
            "input" => !self.is_key_held.get() && self.has_user_activation(),
            _ => true,
        }
    }

    /// Whether the browser has seen the user do something in the last few seconds. It has not if a
    /// script clicks a button, or if the browser fills in a form by itself.
    fn has_user_activation(&self) -> bool {
        Reflect::get(&self.window.navigator(), &"userActivation".into())
            .and_then(|activation| Reflect::get(&activation, &"isActive".into()))
            .is_ok_and(|is_active| is_active.is_truthy())
    }
}

fn listen_to_page(driver: &Rc<Driver>, window: &Window, document: &web_sys::Document) {
    let returned = {
        let driver = Rc::clone(driver);
        move || driver.handle_return()
    };
    let put_away = {
        let driver = Rc::clone(driver);
        move || driver.handle_put_away()
    };

    for name in ["focus", "online"] {
        let returned = returned.clone();
        on(window, name, move |event| {
            // Changes of the focus within the page do not bubble, but the capturing listener
            // receives them.
            if event.target() == event.current_target() {
                returned();
            }
        });
    }
    {
        let returned = returned.clone();
        on(window, "pageshow", move |event| {
            let is_restored = event
                .dyn_ref::<PageTransitionEvent>()
                .is_some_and(PageTransitionEvent::persisted);
            if is_restored {
                returned();
            }
        });
    }
    {
        let driver = Rc::clone(driver);
        let watched = document.clone();
        on(document, "visibilitychange", move |_| {
            match watched.visibility_state() {
                VisibilityState::Visible => driver.handle_return(),
                _ => driver.handle_hidden(),
            }
        });
    }
    on(document, "resume", move |_| returned());
    {
        let put_away = put_away.clone();
        on(document, "freeze", move |_| put_away());
    }
    on(window, "pagehide", move |_| put_away());
}

/// Calls `handle` for events that the browser caused, not a script.
fn on(target: &EventTarget, name: &str, handle: impl Fn(&Event) + 'static) {
    listen_to(target, name, move |event| {
        if event.is_trusted() {
            handle(event);
        }
    });
}
