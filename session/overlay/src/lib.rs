//! What a person sees of the end of a session.
//!
//! On the server a page says what is left of its session, and carries a guard: a style and a short
//! script that close the page at the told deadline even where no other code runs.
//! [`SessionPage`] writes these as HTML (feature `html`), and the components [`DwellHead`],
//! [`GuardNotice`] and [`GuardCover`] do so for Leptos (feature `ssr`).
//!
//! In the browser `Overlay` shows the countdown over the page, and the cover in the place of a page
//! that is concealed (feature `csr` or `hydrate`). The crate `dwell-browser` mounts it and tells it
//! what to show; a program needs it only to write a driver of its own.
//!
//! Every text can be replaced ([`Texts`], [`PageTexts`]), and so can the style ([`STYLE`]).

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

/// The default style sheet of what this crate shows, in light and dark colours, for a page of any
/// style.
///
/// A program changes the colours by setting the custom properties that begin with `--dwell-` on
/// `:root`, and anything else by rules for the classes that begin with `dwell-`.
pub const STYLE: &str = include_str!("overlay.css");

#[cfg(all(doctest, feature = "html"))]
#[doc = include_str!("../README.md")]
struct Readme;
