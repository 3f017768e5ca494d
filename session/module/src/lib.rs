//! The driver with its default options, as a module of WebAssembly of its own: for programs whose pages
//! come from a template engine, and that build no WebAssembly themselves.
//!
//! `cargo xtask module` builds it. The server sends it if it is handed to
//! `DwellBuilder::browser_module`, and `SessionPage::module` makes a page load it.

use dwell_browser::Options;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::console;

/// Watches over the session of the page. The page calls this once the module has been loaded.
///
/// If the page has a `<template data-dwell-sign-in>`, its fields are shown when the session has ended,
/// and are sent to the path where one signs in. Otherwise a link leads there.
#[wasm_bindgen]
pub fn start() {
    if let Err(error) = dwell_browser::start(Options::default().sign_in_with_form()) {
        console::error_1(&error.to_string().into());
    }
}
