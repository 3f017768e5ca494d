//! Event listeners that stay for as long as the page exists.

use wasm_bindgen::{JsCast as _, prelude::Closure};
use web_sys::{AddEventListenerOptions, Event, EventTarget};

/// The only event whose default action listeners may prevent: the browser then asks whether the
/// page should be left.
const BEFORE_UNLOAD: &str = "beforeunload";

/// Calls `handle` for each event in the capturing phase, before anything in the page can stop it.
/// The listener is passive, except for `beforeunload`.
pub(crate) fn listen_to(target: &EventTarget, name: &str, handle: impl Fn(&Event) + 'static) {
    listen(target, name, Box::new(move |event| handle(&event)));
}

/// The function is boxed so that this is compiled only once for all listeners.
fn listen(target: &EventTarget, name: &str, handle: Box<dyn Fn(Event)>) {
    let listener = Closure::wrap(handle);
    let options = AddEventListenerOptions::new();
    options.set_passive(name != BEFORE_UNLOAD);
    options.set_capture(true);
    // This cannot fail for an existing target.
    let _ = target.add_event_listener_with_callback_and_add_event_listener_options(
        name,
        listener.as_ref().unchecked_ref(),
        &options,
    );
    listener.forget();
}
