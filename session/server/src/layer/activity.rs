//! Decides which requests are activity of the user (`A9`). `docs/activity.md` explains the rules.

use axum::http::Method;

use super::head::RequestHead;
use crate::{
    dwell::Settings,
    navigation::{Purpose, Starter, comes_from_other_page, has_type, is_form, is_navigation},
    return_path::Place,
};

/// Whether a request is activity of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// The user opens a page, which is activity.
    OpensPage,
    /// The user sends a form, which is activity unless the request is refused.
    SendsForm,
    /// The body of the request says when the user was last active.
    Reported,
    /// The page, the browser or another site caused the request, so it is not activity.
    Passive,
}

impl Activity {
    pub(super) fn of(head: &RequestHead<'_>, settings: &Settings) -> Self {
        let names = &settings.names;
        match *head.method {
            Method::GET if opens_page(head, settings) => Self::OpensPage,
            Method::POST => match head.path() {
                path if path == names.keep_alive => Self::Reported,
                // A draft is always saved by the page, whatever the request looks like. After
                // signing in or out, the browser is in another session or in none.
                path if path == names.drafts || path == names.sign_in || path == names.sign_out => {
                    Self::Passive
                }
                _ if sends_form(head) => Self::SendsForm,
                _ => Self::Passive,
            },
            _ => Self::Passive,
        }
    }

    pub(super) fn opens_page(self) -> bool {
        self == Self::OpensPage
    }

    pub(super) fn asks_for_deadline(self, head: &RequestHead<'_>, settings: &Settings) -> bool {
        if self != Self::Passive {
            return false;
        }
        let is_page = *head.method == Method::GET && is_navigation(head.headers);
        is_page || head.path() == settings.names.status
    }
}

fn opens_page(head: &RequestHead<'_>, settings: &Settings) -> bool {
    let headers = head.headers;
    let is_by_user = match Purpose::of(headers).starter(headers) {
        Starter::User => true,
        Starter::Unknown => comes_from_other_page(head.target, headers),
        Starter::Other => false,
    };
    // A path that only receives forms is not a page, even if somebody opens it.
    is_by_user && head.is_routed && settings.pages.place_of(head.path()) == Place::Page
}

fn sends_form(head: &RequestHead<'_>) -> bool {
    let is_any_form = is_form(head.headers) || has_type(head.headers, "multipart/form-data");
    is_any_form && Purpose::of(head.headers).starter(head.headers) != Starter::Other
}
