//! Signs out without leaving the page first. The page is concealed at once, the other tabs are
//! told, and if there is no network, the page stays and repeats the request.

use std::rc::Rc;

use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{Event, HtmlFormElement};

use crate::driver::Driver;

/// Registers the listener, which stays for as long as the page exists.
pub(crate) fn listen(driver: &Rc<Driver>) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    let driver = Rc::clone(driver);
    let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| {
        if form_action(&event).as_deref() == Some(&driver.names().sign_out) {
            event.prevent_default();
            driver.sign_out();
        }
    });
    // This cannot fail for an existing target.
    let _ = document.add_event_listener_with_callback("submit", listener.as_ref().unchecked_ref());
    listener.forget();
}

/// The `action` of the form that is being submitted.
fn form_action(event: &Event) -> Option<String> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    form.get_attribute("action")
}
