//! What the user does, and what becomes of the page.

use std::{cell::Cell, rc::Rc};

use js_sys::Reflect;
use wasm_bindgen::JsCast as _;
use web_sys::{
    Event, EventTarget, KeyboardEvent, PageTransitionEvent, PointerEvent, VisibilityState, Window,
};

use crate::{driver::Driver, listener::listen_to};

/// What the user is listened to by. `docs/activity.md` has the reasons, also for what is not here.
const DOINGS: [&str; 12] = [
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

/// Listens for as long as the page exists.
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
    let user = Rc::new(User {
        window: window.clone(),
        pointer_at: Cell::new(None),
        holds_key: Cell::new(false),
    });
    for name in DOINGS {
        let (driver, user) = (Rc::clone(driver), Rc::clone(&user));
        on(window, name, move |event| {
            if user.has_acted(name, event) {
                driver.activity();
            }
        });
    }
}

/// What has to be known of the user to tell what they do from what happens by itself.
struct User {
    window: Window,
    pointer_at: Cell<Option<(i32, i32)>>,
    holds_key: Cell<bool>,
}

impl User {
    fn has_acted(&self, name: &str, event: &Event) -> bool {
        match name {
            // Browsers send moves without a movement, after a wake-up or a change of the layout.
            "pointermove" => {
                let Some(pointer) = event.dyn_ref::<PointerEvent>() else {
                    return false;
                };
                let moved_to = (pointer.screen_x(), pointer.screen_y());
                let moved_from = self.pointer_at.replace(Some(moved_to));
                moved_from.is_some_and(|moved_from| moved_from != moved_to)
            }
            // A key held down by an object on the keyboard is nobody's activity, nor what it types.
            "keydown" => {
                let is_held = event
                    .dyn_ref::<KeyboardEvent>()
                    .is_some_and(KeyboardEvent::repeat);
                self.holds_key.set(is_held);
                !is_held
            }
            "keyup" => {
                self.holds_key.set(false);
                false
            }
            "beforeinput" | "compositionupdate" => !self.holds_key.get(),
            "input" => !self.holds_key.get() && self.is_present(),
            _ => true,
        }
    }

    /// Whether the browser has seen the user do something in the last few seconds, as it does not
    /// where a script presses a button or it fills in a form by itself.
    fn is_present(&self) -> bool {
        Reflect::get(&self.window.navigator(), &"userActivation".into())
            .and_then(|activation| Reflect::get(&activation, &"isActive".into()))
            .is_ok_and(|is_active| is_active.is_truthy())
    }
}

fn listen_to_page(driver: &Rc<Driver>, window: &Window, document: &web_sys::Document) {
    let returned = {
        let driver = Rc::clone(driver);
        move || driver.returned()
    };
    let put_away = {
        let driver = Rc::clone(driver);
        move || driver.put_away()
    };

    for name in ["focus", "online"] {
        let returned = returned.clone();
        on(window, name, move |event| {
            // Focus that moves within the page bubbles nowhere but is captured here.
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
                VisibilityState::Visible => driver.returned(),
                _ => driver.hidden(),
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

/// Calls `handle` for events that come from the browser, not from a script.
fn on(target: &EventTarget, name: &str, handle: impl Fn(&Event) + 'static) {
    listen_to(target, name, move |event| {
        if event.is_trusted() {
            handle(event);
        }
    });
}
