//! What runs in the browser: feeds the monitor from real events and timers, and carries out what
//! it says.

mod clock;
mod drafts;
mod driver;
mod events;
mod lead;
mod page;
mod server;
mod sign_out;
mod tabs;
mod times;
mod wire;

use std::rc::Rc;

use dwell_app::{
    SignInTrouble,
    overlay::{Attempt, Overlay, PageContext, SignInAgain},
};
use dwell_session::Screen;
use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

use self::{driver::Driver, page::Page};

/// Called once, by the document of a page that is shown in a session.
#[wasm_bindgen]
pub fn start() {
    let Some(page) = Page::find() else { return };
    page.localise_times();
    let Some(status) = page.status() else { return };
    let Some(host) = page.overlay_host() else {
        return;
    };
    let context = PageContext {
        generation: status.generation,
        sign_in_again: page.sign_in_url(),
        email: page.email(),
    };
    let overlay = mount_to(host, move || {
        let screen = RwSignal::new(Screen::Page);
        let driver = Driver::start(page, &status, move |shown| screen.set(shown));
        events::listen(&driver);
        drafts::listen(&driver);
        sign_out::listen(&driver);
        let driver: StoredValue<Rc<Driver>, LocalStorage> = StoredValue::new_local(driver);
        let on_stay = Callback::new(move |()| driver.with_value(Driver::stay));
        let on_retry = Callback::new(move |()| driver.with_value(Driver::retry));
        let attempt = RwSignal::new(Attempt::NotMade);
        let on_submit = Callback::new(move |form| {
            attempt.set(Attempt::UnderWay);
            let driver = driver.get_value();
            spawn_local(async move {
                attempt.set(match server::sign_in(&form).await {
                    Ok(()) => {
                        driver.signed_in();
                        Attempt::NotMade
                    }
                    Err(trouble) => Attempt::Failed(trouble),
                });
            });
        });
        let on_afresh = Callback::new(move |()| {
            attempt.set(Attempt::UnderWay);
            let driver = driver.get_value();
            spawn_local(async move {
                attempt.set(match driver.start_afresh().await {
                    true => Attempt::NotMade,
                    false => Attempt::Failed(SignInTrouble::Unreachable),
                });
            });
        });
        let again = SignInAgain {
            attempt,
            on_submit,
            on_afresh,
        };
        view! { <Overlay screen=screen.into() page=context on_stay on_retry again /> }
    });
    overlay.forget();
}
