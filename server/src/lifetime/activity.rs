//! Which requests the user caused (`A9`).

use axum::{extract::Request, http::Method};
use dwell_app::{
    api::{AskStatus, KeepAlive},
    names::DRAFTS_PATH,
};
use leptos::server_fn::ServerFn as _;

use crate::navigation::{Purpose, is_form, is_navigation};

/// What a request says about the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// The user did something now.
    OfUser,
    /// The body tells when the user last did something.
    Reported,
    /// The page did it by itself.
    Passive,
}

impl Activity {
    pub(super) fn of(request: &Request) -> Self {
        match request.uri().path() {
            KeepAlive::PATH => return Self::Reported,
            // Saved by the page, whatever the request looks like.
            DRAFTS_PATH => return Self::Passive,
            _ => {}
        }
        let headers = request.headers();
        let caused_by_user = match *request.method() {
            Method::GET | Method::HEAD => Purpose::of(headers).is_started_by_user(),
            Method::POST => is_navigation(headers) && is_form(headers),
            _ => false,
        };
        if caused_by_user {
            Self::OfUser
        } else {
            Self::Passive
        }
    }

    /// Whether the answer tells a deadline that the request does not move: it has to heed what is
    /// done on other nodes.
    pub(super) fn asks_for_deadline(self, request: &Request) -> bool {
        self == Self::Passive
            && (request.uri().path() == AskStatus::PATH || is_navigation(request.headers()))
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::request::Builder};

    use super::*;

    fn activity(request: Builder) -> Activity {
        Activity::of(&request.body(Body::empty()).unwrap())
    }

    fn get(headers: &[(&str, &str)]) -> Activity {
        let request = headers
            .iter()
            .fold(Request::get("/workspace"), |request, (name, value)| {
                request.header(*name, *value)
            });
        activity(request)
    }

    // A9
    #[test]
    fn only_navigations_that_a_user_started_count() {
        let navigate = ("sec-fetch-mode", "navigate");
        let by_user = ("sec-fetch-user", "?1");
        let html = ("accept", "text/html,*/*;q=0.8");

        assert_eq!(get(&[navigate, by_user]), Activity::OfUser);
        assert_eq!(get(&[html]), Activity::OfUser);

        assert_eq!(get(&[navigate]), Activity::Passive);
        assert_eq!(get(&[]), Activity::Passive);
        assert_eq!(get(&[("accept", "*/*")]), Activity::Passive);
        assert_eq!(get(&[("sec-fetch-mode", "cors"), html]), Activity::Passive);
        assert_eq!(
            get(&[("sec-fetch-mode", "no-cors"), by_user]),
            Activity::Passive
        );
        for purpose in ["prefetch", "prefetch;prerender"] {
            assert_eq!(
                get(&[navigate, by_user, ("sec-purpose", purpose)]),
                Activity::Passive
            );
        }
        assert_eq!(get(&[html, ("purpose", "prefetch")]), Activity::Passive);
    }

    // A9
    #[test]
    fn a_form_post_counts_and_a_fetch_does_not() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let post = |mode: &str, kind: (&str, &str)| {
            activity(
                Request::post("/workspace")
                    .header("sec-fetch-mode", mode)
                    .header(kind.0, kind.1),
            )
        };
        assert_eq!(post("navigate", form), Activity::OfUser);
        assert_eq!(post("cors", form), Activity::Passive);
        assert_eq!(
            post("cors", ("content-type", "application/json")),
            Activity::Passive
        );
    }

    // A9
    #[test]
    fn saving_a_draft_is_no_activity_even_as_a_form_post() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let save = Request::post(DRAFTS_PATH).header(form.0, form.1);
        assert_eq!(
            activity(save.header("sec-fetch-mode", "navigate")),
            Activity::Passive
        );
    }

    #[test]
    fn the_keep_alive_tells_by_itself_when_the_user_was_active() {
        assert_eq!(activity(Request::post(KeepAlive::PATH)), Activity::Reported);
    }
}
