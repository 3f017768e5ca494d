//! Signing out without leaving the page first, so that the other tabs hear of it at once.

use std::{cell::Cell, rc::Rc};

use dwell_app::names::SIGN_OUT_PATH;
use wasm_bindgen::{JsCast as _, prelude::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlFormElement};

use crate::{driver::Driver, server};

/// Listens for as long as the page exists.
pub(crate) fn listen(driver: &Rc<Driver>) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    let driver = Rc::clone(driver);
    let is_under_way = Rc::new(Cell::new(false));
    let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| {
        let Some(form) = signs_out(&event) else {
            return;
        };
        event.prevent_default();
        if !is_under_way.replace(true) {
            let (driver, is_under_way) = (Rc::clone(&driver), Rc::clone(&is_under_way));
            spawn_local(async move {
                driver.save_before_sign_out().await;
                if server::sign_out(driver.generation()).await {
                    driver.signed_out();
                } else {
                    // What is wrong, the answer to the form says.
                    let _ = form.submit();
                }
                is_under_way.set(false);
            });
        }
    });
    // Fails for no target that exists.
    let _ = document.add_event_listener_with_callback("submit", listener.as_ref().unchecked_ref());
    listener.forget();
}

fn signs_out(event: &Event) -> Option<HtmlFormElement> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    (form.get_attribute("action").as_deref() == Some(SIGN_OUT_PATH)).then_some(form)
}
