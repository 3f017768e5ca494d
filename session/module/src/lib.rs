//! The driver with its default options as a WebAssembly module, for programs whose pages come from
//! a template engine and that build no WebAssembly themselves.
//!
//! `cargo xtask module` builds it. The server serves it if the program passes it to
//! `DwellBuilder::browser_module`, and `SessionPage::module` makes a page load it.

use dwell_browser::Options;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::console;

/// Starts the driver. The page calls this once after the module has been loaded. Errors are written
/// to the console.
///
/// If the page has a `<template data-dwell-sign-in>`, its fields are shown when the session has
/// ended, and they are sent to the path for signing in. Otherwise there is a link to that path.
#[wasm_bindgen]
pub fn start() {
    if let Err(error) = dwell_browser::start(Options::default().sign_in_with_form()) {
        console::error_1(&error.to_string().into());
    }
}
