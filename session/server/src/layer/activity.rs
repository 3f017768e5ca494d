//! Which requests the user caused (`A9`). `docs/activity.md` has the reasons.

use axum::http::Method;

use super::head::Line;
use crate::{
    dwell::Settings,
    navigation::{Purpose, Starter, is_form, is_navigation, leads_on},
    return_path::Place,
};

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

impl Activity {
    pub(super) fn of(line: &Line<'_>, settings: &Settings) -> Self {
        let names = &settings.names;
        match *line.method {
            Method::GET if opens_page(line, settings) => Self::Opens,
            Method::POST => match line.path() {
                path if path == names.keep_alive => Self::Reported,
                // A draft is saved by the page, whatever the request looks like. Who signs in or
                // out goes on in another session or in none.
                path if path == names.drafts || path == names.sign_in || path == names.sign_out => {
                    Self::Passive
                }
                _ if sends_form(line) => Self::Sends,
                _ => Self::Passive,
            },
            _ => Self::Passive,
        }
    }

    pub(super) fn opens(self) -> bool {
        self == Self::Opens
    }

    pub(super) fn asks_for_deadline(self, line: &Line<'_>, settings: &Settings) -> bool {
        if self != Self::Passive {
            return false;
        }
        let is_page = *line.method == Method::GET && is_navigation(line.headers);
        is_page || line.path() == settings.names.status
    }
}

fn opens_page(line: &Line<'_>, settings: &Settings) -> bool {
    let headers = line.headers;
    let is_by_user = match Purpose::of(headers).starter(headers) {
        Starter::User => true,
        Starter::Unsaid => leads_on(line.target, headers),
        Starter::Other => false,
    };
    // Where things are only sent to, whoever opens the address as a page finds none.
    is_by_user && line.is_routed && settings.pages.place_of(line.path()) == Place::Page
}

fn sends_form(line: &Line<'_>) -> bool {
    is_form(line.headers) && Purpose::of(line.headers).starter(line.headers) != Starter::Other
}
