//! `POST /sign-out`

use axum::{
    Json,
    extract::{Extension, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse as _, Response},
};
use dwell_session::{EndReason, Status};

use crate::{
    lifetime::turn_away_to, navigation::is_navigation, refusal::unavailable, sessions::Visit,
    state::AppState,
};

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
        Visit::Ended(tombstone) => return turn_away_to(None, &headers, Some(tombstone.reason)),
        Visit::Anonymous => return turn_away_to(None, &headers, None),
    };
    match state.sessions.end(live.session.key, reason).await {
        Ok(true) => {
            let answer = if is_navigation(&headers) {
                turn_away_to(None, &headers, Some(reason))
            } else {
                Json(Status::Ended { reason }).into_response()
            };
            let told = state.cookie.remember_sign_out();
            (state.cookie.remove(), told, [FORGET], answer).into_response()
        }
        Ok(false) => turn_away_to(None, &headers, Some(reason)),
        Err(error) => unavailable(&headers, &error),
    }
}
