//! Dwell in a Leptos program with islands: the server renders the pages, and the browser hydrates the
//! parts of them that move.
//!
//! `cargo leptos serve --project islands` in `examples/` serves it. Sign in as `ada` with
//! `correct horse battery staple`.

mod island;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;

/// Called by the page once this module has been loaded.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use dwell_browser::{Options, StartError};

    leptos::mount::hydrate_islands();
    match dwell_browser::start(Options::default().sign_in_with_form()) {
        // Nobody is signed in on this page.
        Ok(_) | Err(StartError::NoStatus) => {}
        Err(error) => leptos::logging::error!("{error}"),
    }
}
