//! Names by which the pages, the server and the code in the browser find each other.

use dwell_session::Names;
use leptos::server_fn::ServerFn as _;

use crate::api::{AskStatus, KeepAlive};

pub use dwell_overlay::markup::{DRAFT_ATTRIBUTE, STATE_ATTRIBUTE, STATUS_META};

/// The id of the element that holds everything of a page that may be concealed.
pub const PAGE_ID: &str = "page";
/// The attribute of the element that says who is signed in.
pub const ACCOUNT_ATTRIBUTE: &str = "data-dwell-account";
/// The form field that carries the generation.
pub const GENERATION_FIELD: &str = "generation";
/// The header that carries the generation.
pub const GENERATION_HEADER: &str = "dwell-generation";
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
pub const LONGEST_DRAFT: usize = Names::LONGEST_DRAFT;
/// The path that discards a draft.
pub const DISCARD_DRAFT_PATH: &str = "/drafts/discard";
/// The path that makes a draft of a discarded one again.
pub const TAKE_BACK_DRAFT_PATH: &str = "/drafts/take-back";
/// The path of the page where one signs in.
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
    fn what_is_concealed_is_the_page() {
        assert_eq!(names().concealed, format!("#{PAGE_ID}"));
    }
}
