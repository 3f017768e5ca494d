//! What runs in the browser: feeds the monitor from real events and timers, and carries out what
//! it says.

mod clock;
mod driver;
mod events;
mod page;
mod server;
mod wire;

use std::rc::Rc;

use dwell_app::overlay::{Overlay, PageContext};
use dwell_session::Screen;
use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::prelude::wasm_bindgen;

use self::{driver::Driver, page::Page};

/// Called once, by the document of a page that is shown in a session.
#[wasm_bindgen]
pub fn start() {
    let Some(page) = Page::find() else { return };
    let Some(status) = page.status() else { return };
    let Some(host) = page.overlay_host() else {
        return;
    };
    let context = PageContext {
        generation: status.generation,
        sign_in_again: page.sign_in_url(None),
    };
    let overlay = mount_to(host, move || {
        let screen = RwSignal::new(Screen::Page);
        let driver = Driver::start(page, &status, move |shown| screen.set(shown));
        events::listen(&driver);
        let driver: StoredValue<Rc<Driver>, LocalStorage> = StoredValue::new_local(driver);
        let on_stay = Callback::new(move |()| driver.with_value(Driver::stay));
        view! { <Overlay screen=screen.into() page=context on_stay /> }
    });
    overlay.forget();
}
