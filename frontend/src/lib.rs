//! What runs in the browser: feeds the monitor from real events and timers, and carries out what
//! it says.

mod clock;
mod drafts;
mod driver;
mod events;
mod lead;
mod listener;
mod page;
mod server;
mod sign_out;
mod tabs;
mod times;
mod wire;

use std::rc::Rc;

use dwell_app::{
    SignInTrouble,
    overlay::{Attempt, Choice, Overlay, PageContext},
};
use dwell_session::Screen;
use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlFormElement;

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
        let (screen, show) = signal(Screen::Page);
        let driver = Driver::start(page, &status, move |shown| show.set(shown));
        events::listen(&driver);
        drafts::listen(&driver);
        sign_out::listen(&driver);
        let driver: StoredValue<Rc<Driver>, LocalStorage> = StoredValue::new_local(driver);
        let attempt = RwSignal::new(Attempt::NotMade);
        let on_choice = Callback::new(move |choice| {
            let driver = driver.get_value();
            match choice {
                Choice::Stay => driver.stay(),
                Choice::Retry => driver.retry(),
                Choice::SignIn(form) => {
                    attempt.set(Attempt::UnderWay);
                    spawn_local(async move { attempt.set(sign_in(&driver, &form).await) });
                }
                Choice::StartAfresh => {
                    attempt.set(Attempt::UnderWay);
                    spawn_local(async move { attempt.set(start_afresh(&driver).await) });
                }
            }
        });
        view! { <Overlay screen page=context attempt on_choice /> }
    });
    overlay.forget();
}

async fn sign_in(driver: &Rc<Driver>, form: &HtmlFormElement) -> Attempt {
    match server::sign_in(form).await {
        Ok(()) => {
            driver.signed_in();
            Attempt::NotMade
        }
        Err(trouble) => Attempt::Failed(trouble),
    }
}

async fn start_afresh(driver: &Driver) -> Attempt {
    match driver.start_afresh().await {
        true => Attempt::NotMade,
        false => Attempt::Failed(SignInTrouble::Unreachable),
    }
}
