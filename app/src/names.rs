//! Names by which the pages, the server and the code in the browser find each other.

use dwell_session::Names;
use leptos::server_fn::ServerFn as _;

use crate::api::{AskStatus, KeepAlive};

pub use dwell_overlay::markup::{DRAFT_ATTRIBUTE, STATE_ATTRIBUTE, STATUS_META};

/// The id of the element that holds everything of a page that may be concealed.
pub const PAGE_ID: &str = "page";
/// The attribute of the element that shows who is signed in.
pub const ACCOUNT_ATTRIBUTE: &str = "data-dwell-account";
/// The form field that carries the generation.
pub const GENERATION_FIELD: &str = "generation";
/// The header that carries the generation.
pub const GENERATION_HEADER: &str = "dwell-generation";
/// The name of the form for a new note.
pub const NOTE_FORM: &str = "note";
/// The form field with the id of the form's draft, and the parameter of the page with the id of the
/// draft to put into the form.
pub const DRAFT_FIELD: &str = "draft";
/// The field with the name of the form whose draft is saved.
pub const DRAFT_FORM_FIELD: &str = "form";
/// The path that saves a draft (`POST`), and that returns the drafts and the form as the page shows
/// them (`GET`).
pub const DRAFTS_PATH: &str = "/drafts";
/// The longest draft, in bytes of JSON. After a page has been left, browsers finish its requests up
/// to 64 KiB together, so a draft of this length is still sent.
pub const LONGEST_DRAFT: usize = Names::LONGEST_DRAFT;
/// The path that discards a draft.
pub const DISCARD_DRAFT_PATH: &str = "/drafts/discard";
/// The path that restores a discarded draft.
pub const TAKE_BACK_DRAFT_PATH: &str = "/drafts/take-back";
/// The path of the page for signing in.
pub const SIGN_IN_PATH: &str = "/sign-in";
/// The path that signs out.
pub const SIGN_OUT_PATH: &str = "/sign-out";

/// The paths and names that the application has chosen.
pub fn names() -> Names {
    Names {
        keep_alive: KeepAlive::PATH.into(),
        status: AskStatus::PATH.into(),
        sign_out: SIGN_OUT_PATH.into(),
        sign_in: SIGN_IN_PATH.into(),
        drafts: DRAFTS_PATH.into(),
        discard_draft: DISCARD_DRAFT_PATH.into(),
        take_back_draft: TAKE_BACK_DRAFT_PATH.into(),
        generation_header: GENERATION_HEADER.into(),
        generation_field: GENERATION_FIELD.into(),
        draft_field: DRAFT_FIELD.into(),
        form_field: DRAFT_FORM_FIELD.into(),
        concealed: "#page".into(),
        ..Names::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_concealed_element_is_the_page() {
        assert_eq!(names().concealed, format!("#{PAGE_ID}"));
    }
}
