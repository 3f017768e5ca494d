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
    /// The form field with the id of the draft of what is in the form, and the parameter of the
    /// page with the draft that is to be in it.
    pub const DRAFT_FIELD: &str = "draft";
    /// The field that tells the name of the form whose draft is saved.
    pub const DRAFT_FORM_FIELD: &str = "form";
    /// The path that saves a draft, and that shows what is kept and the form, as the page does.
    pub const DRAFTS_PATH: &str = "/drafts";
    /// The longest draft, in bytes of JSON. A browser finishes requests of a page that is gone up to
    /// 64 KiB in all, so this is sent although the page is left.
    pub const LONGEST_DRAFT: usize = 62 * 1024;
    /// The id of the element with the drafts that are offered back.
    pub const OFFERS_ID: &str = "offers";
    /// The class of what says that there is too much in a form to be kept.
    pub const TOO_LONG_CLASS: &str = "too-long";
    /// The class of what says that what is in a form cannot be kept at the moment.
    pub const NOT_KEPT_CLASS: &str = "not-kept";
    /// The path that discards a draft.
    pub const DISCARD_DRAFT_PATH: &str = "/drafts/discard";
    /// The path that makes a draft of a discarded one again.
    pub const TAKE_BACK_DRAFT_PATH: &str = "/drafts/take-back";
    /// The path of the page where one signs in.
    pub const SIGN_IN_PATH: &str = "/sign-in";
    /// The path that signs out.
    pub const SIGN_OUT_PATH: &str = "/sign-out";
}
