//! What users see when their session is about to end or has ended.
//!
//! On the server, a page contains the status of its session and a guard: a style and a short script
//! that close the page at the told deadline even if no other code runs. [`SessionPage`] writes
//! these as HTML (feature `html`), and the components [`DwellHead`], [`GuardNotice`] and
//! [`GuardCover`] do the same for Leptos (feature `ssr`).
//!
//! In the browser, `Overlay` shows the countdown over the page, and the cover in place of a
//! concealed page (feature `csr` or `hydrate`). The crate `dwell-browser` mounts it and controls
//! what it shows, so a program needs it only to write its own driver.
//!
//! A program can replace the texts ([`Texts`], [`PageTexts`]) and the style ([`STYLE`]).

#[cfg(feature = "ssr")]
mod components;
#[cfg(any(feature = "ssr", feature = "browser"))]
mod generation_field;
pub mod markup;
#[cfg(feature = "browser")]
mod overlay;
#[cfg(feature = "html")]
mod page;
mod texts;
pub mod words;

#[cfg(feature = "ssr")]
pub use components::{DwellHead, GuardCover, GuardNotice};
#[cfg(any(feature = "ssr", feature = "browser"))]
pub use generation_field::GenerationField;
#[cfg(feature = "browser")]
pub use overlay::{Attempt, Choice, Overlay, SignIn, title};
#[cfg(feature = "html")]
pub use page::{SessionPage, generation_field};
pub use texts::{Message, PageTexts, Texts, explain};

/// The default style sheet of the overlay and the guard, in light and dark colours. It works in
/// pages of any style.
///
/// A program changes the colours by setting the custom properties that begin with `--dwell-` on
/// `:root`, and everything else by rules for the classes that begin with `dwell-`.
pub const STYLE: &str = include_str!("overlay.css");

#[cfg(all(doctest, feature = "html"))]
#[doc = include_str!("../README.md")]
struct Readme;
