//! `POST /sign-out`

use axum::{
    extract::{Extension, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_session::EndReason;

use super::SessionCookie;
use crate::{lifetime::sign_in_location, refusal::unavailable, sessions::Visit, state::AppState};

/// Also lets go of what pages have kept in the browser (`H4`).
const FORGET: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"storage\""),
);

/// Ends the session in the store before anything is answered.
pub(super) async fn submit(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
) -> Response {
    let reason = EndReason::SignedOut;
    let live = match visit {
        Visit::Live(live) => live,
        Visit::Ended(tombstone) => {
            let location = sign_in_location(Some(tombstone.reason), None);
            return Redirect::to(&location).into_response();
        }
        Visit::Anonymous => return Redirect::to(&sign_in_location(None, None)).into_response(),
    };
    let to_sign_in = Redirect::to(&sign_in_location(Some(reason), None));
    match state.sessions.end(live.session.key, reason).await {
        Ok(true) => (SessionCookie::Remove, [FORGET], to_sign_in).into_response(),
        Ok(false) => to_sign_in.into_response(),
        Err(error) => unavailable(&headers, &error),
    }
}
