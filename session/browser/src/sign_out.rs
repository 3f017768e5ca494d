//! Signing out without leaving the page first: it is concealed at once, the other tabs hear of it,
//! and without a network there is a page to try again from.

use std::rc::Rc;

use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{Event, HtmlFormElement};

use crate::driver::Driver;

/// Listens for as long as the page exists.
pub(crate) fn listen(driver: &Rc<Driver>) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    let driver = Rc::clone(driver);
    let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| {
        if address(&event).as_deref() == Some(&driver.names().sign_out) {
            event.prevent_default();
            driver.sign_out();
        }
    });
    // Fails for no target that exists.
    let _ = document.add_event_listener_with_callback("submit", listener.as_ref().unchecked_ref());
    listener.forget();
}

/// Where a form goes that is being sent.
fn address(event: &Event) -> Option<String> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    form.get_attribute("action")
}
