//! Listening to the browser for as long as the page exists.

use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{AddEventListenerOptions, Event, EventTarget};

/// The event at which the browser can be made to ask whether the page is to be left.
const ASKING: &str = "beforeunload";

/// Calls `handle` for each event, before anything in the page can stop it, and without holding up
/// what it does, but for leaving the page.
pub(crate) fn listen_to(target: &EventTarget, name: &str, handle: impl Fn(&Event) + 'static) {
    listen(target, name, Box::new(move |event| handle(&event)));
}

/// Takes a boxed function, so that it is compiled once for all listeners.
fn listen(target: &EventTarget, name: &str, handle: Box<dyn Fn(Event)>) {
    let listener = Closure::wrap(handle);
    let options = AddEventListenerOptions::new();
    options.set_passive(name != ASKING);
    options.set_capture(true);
    // Fails for no target that exists.
    let _ = target.add_event_listener_with_callback_and_add_event_listener_options(
        name,
        listener.as_ref().unchecked_ref(),
        &options,
    );
    listener.forget();
}
