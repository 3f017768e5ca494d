//! The application's pages, rendered on the server, its names, and the server functions with which
//! the browser talks to it.

pub mod api;
pub mod names;
#[cfg(feature = "ssr")]
pub mod pages;
mod sign_in;

pub use sign_in::SignInTrouble;
