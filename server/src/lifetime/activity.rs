//! Which requests the user caused (`A9`). Why each does or does not stands in `docs/activity.md`.

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
};
use dwell_app::{
    api::{AskStatus, KeepAlive},
    names::{DISCARD_DRAFT_PATH, DRAFTS_PATH, SIGN_IN_PATH, SIGN_OUT_PATH, TAKE_BACK_DRAFT_PATH},
};
use leptos::server_fn::ServerFn as _;

use crate::navigation::{Purpose, Starter, is_form, is_navigation, leads_on};

/// What a request says about the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// The user opens a page.
    Opens,
    /// The user sends a form, which counts if it is taken.
    Sends,
    /// The body tells when the user last did something.
    Reported,
    /// The page, the browser or another site did it.
    Passive,
}

/// Where things are only sent to: whoever opens one as a page finds none.
const WITHOUT_A_PAGE: [&str; 9] = [
    "/account/sign-out-others",
    "/workspace/delete",
    "/workspace/take-back",
    DRAFTS_PATH,
    DISCARD_DRAFT_PATH,
    TAKE_BACK_DRAFT_PATH,
    SIGN_OUT_PATH,
    KeepAlive::PATH,
    AskStatus::PATH,
];

impl Activity {
    pub(super) fn of(request: &Request) -> Self {
        match *request.method() {
            Method::GET if opens_page(request) => Self::Opens,
            Method::POST => match request.uri().path() {
                KeepAlive::PATH => Self::Reported,
                // A draft is saved by the page, whatever the request looks like. Who signs in or
                // out goes on in another session or in none.
                DRAFTS_PATH | SIGN_IN_PATH | SIGN_OUT_PATH => Self::Passive,
                _ if sends_form(request) => Self::Sends,
                _ => Self::Passive,
            },
            _ => Self::Passive,
        }
    }

    /// Whether the answer tells a deadline that the request does not move: it has to heed what is
    /// done on other nodes.
    pub(super) fn asks_for_deadline(self, request: &Request) -> bool {
        if self != Self::Passive {
            return false;
        }
        let is_page = request.method() == Method::GET && is_navigation(request.headers());
        is_page || request.uri().path() == AskStatus::PATH
    }
}

fn opens_page(request: &Request) -> bool {
    let headers = request.headers();
    let is_by_user = match Purpose::of(headers).starter(headers) {
        Starter::User => true,
        Starter::Unsaid => leads_on(request),
        Starter::Other => false,
    };
    is_by_user
        && request.extensions().get::<MatchedPath>().is_some()
        && !WITHOUT_A_PAGE.contains(&request.uri().path())
}

/// It carries the generation, which no other site knows: only who started it is to be asked.
fn sends_form(request: &Request) -> bool {
    let headers = request.headers();
    is_form(headers) && Purpose::of(headers).starter(headers) != Starter::Other
}
