//! What is seen of Dwell: the pages, rendered on the server; the overlay with the countdown,
//! mounted in the browser; and the server functions with which the two sides talk.

pub mod api;
pub mod overlay;
#[cfg(feature = "ssr")]
pub mod pages;
mod sign_in;
mod words;

pub use sign_in::SignInTrouble;

/// Names by which the pages and the code in the browser find each other.
pub mod names {
    /// The id of the element that holds everything of a page that may be concealed.
    pub const PAGE_ID: &str = "page";
    /// The name of the `<meta>` element with the status of the session, as JSON.
    pub const STATUS_META: &str = "dwell-status";
    /// The attribute of the element that says who is signed in.
    pub const ACCOUNT_ATTRIBUTE: &str = "data-dwell-account";
    /// The attribute of `<html>` that says what the page is in, without its `data-` prefix.
    pub const STATE_ATTRIBUTE: &str = "data-dwell-state";
    /// The form field that carries the generation.
    pub const GENERATION_FIELD: &str = "generation";
    /// The header that carries the generation.
    pub const GENERATION_HEADER: &str = "dwell-generation";
    /// The attribute of a form that is worth protecting. Its value is the form's name.
    pub const DRAFT_ATTRIBUTE: &str = "data-dwell-draft";
    /// The name of the form for a new note.
    pub const NOTE_FORM: &str = "note";
    /// The form field with the id of the draft of what is in the form.
    pub const DRAFT_FIELD: &str = "draft";
    /// The field that tells the name of the form whose draft is saved.
    pub const DRAFT_FORM_FIELD: &str = "form";
    /// The path that saves a draft.
    pub const DRAFTS_PATH: &str = "/drafts";
    /// The path that discards a draft.
    pub const DISCARD_DRAFT_PATH: &str = "/drafts/discard";
    /// The path of the page where one signs in.
    pub const SIGN_IN_PATH: &str = "/sign-in";
    /// The path that signs out.
    pub const SIGN_OUT_PATH: &str = "/sign-out";
}
