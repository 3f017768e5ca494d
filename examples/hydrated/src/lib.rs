//! Dwell in a hydrated Leptos program with a router in the browser.
//!
//! `cargo leptos serve --project hydrated` in `examples/` serves it. Sign in as `ada` with
//! `correct horse battery staple`.

pub mod api;
pub mod app;
#[cfg(feature = "ssr")]
pub mod shell;

use dwell_session::Names;

/// The paths and names of this program. The id of a draft is an argument of a server function, so its
/// field has a name that an argument can have.
pub fn names() -> Names {
    Names {
        sign_in: app::LOGIN.into(),
        draft_field: "draft".into(),
        ..Names::default()
    }
}

/// Called by the page once this module has been loaded.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use dwell_browser::{Options, StartError};

    leptos::mount::hydrate_body(app::App);
    let options = Options::default()
        .sign_in(api::log_in_again)
        .name_session_in_requests();
    match dwell_browser::start(options) {
        // Nobody is signed in on this page.
        Ok(_) | Err(StartError::NoStatus) => {}
        Err(error) => leptos::logging::error!("{error}"),
    }
}
