//! What the user does, and what becomes of the page.

use std::{cell::Cell, rc::Rc, time::Duration};

use dwell_session::Instant;
use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{
    AddEventListenerOptions, Event, EventTarget, KeyboardEvent, PageTransitionEvent, PointerEvent,
    VisibilityState,
};

use crate::driver::Driver;

/// A scroll that follows other activity closely is the user's; others are the page's own.
const SCROLL_FOLLOWS_WITHIN: Duration = Duration::from_secs(1);

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

fn listen_to_user(driver: &Rc<Driver>, window: &web_sys::Window) {
    let last_activity_at = Rc::new(Cell::new(None::<Instant>));
    let active = {
        let driver = Rc::clone(driver);
        let last_activity_at = Rc::clone(&last_activity_at);
        move |event: &Event| {
            last_activity_at.set(Some(time_of(event)));
            driver.activity();
        }
    };

    for name in ["pointerdown", "wheel", "touchstart", "touchmove"] {
        let active = active.clone();
        on(window, name, move |event| active(event));
    }
    {
        let active = active.clone();
        // A key held down by an object on the keyboard is nobody's activity.
        on(window, "keydown", move |event| {
            let is_held = event
                .dyn_ref::<KeyboardEvent>()
                .is_some_and(KeyboardEvent::repeat);
            if !is_held {
                active(event);
            }
        });
    }
    {
        let active = active.clone();
        let position = Cell::new(None);
        // Browsers send moves without a movement, after a wake-up or a change of the layout.
        on(window, "pointermove", move |event| {
            let Some(pointer) = event.dyn_ref::<PointerEvent>() else {
                return;
            };
            let moved_to = (pointer.screen_x(), pointer.screen_y());
            let moved_from = position.replace(Some(moved_to));
            if moved_from.is_some_and(|moved_from| moved_from != moved_to) {
                active(event);
            }
        });
    }
    on(window, "scroll", move |event| {
        let follows = last_activity_at
            .get()
            .is_some_and(|before| time_of(event).since(before) <= SCROLL_FOLLOWS_WITHIN);
        if follows {
            active(event);
        }
    });
}

fn listen_to_page(driver: &Rc<Driver>, window: &web_sys::Window, document: &web_sys::Document) {
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

/// Calls `handle` for events that come from the browser, not from a script, without holding up
/// what they do.
fn on(target: &EventTarget, name: &str, handle: impl Fn(&Event) + 'static) {
    let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| {
        if event.is_trusted() {
            handle(&event);
        }
    });
    let options = AddEventListenerOptions::new();
    options.set_passive(true);
    options.set_capture(true);
    // Fails for no target that exists.
    let _ = target.add_event_listener_with_callback_and_add_event_listener_options(
        name,
        listener.as_ref().unchecked_ref(),
        &options,
    );
    listener.forget();
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float beyond the range saturates"
)]
fn time_of(event: &Event) -> Instant {
    Instant::from_millis(event.time_stamp() as i64)
}
