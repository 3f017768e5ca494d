//! What a request sends is read to its end before anything is decided about it.

use std::mem;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::changes_something;
use crate::refusal::refusal;

/// The most that is read of what a request sends, in bytes.
const LONGEST: usize = 256 * 1024;

/// Whether it is yet to arrive what `request` sends to change something.
pub(super) fn is_awaited(request: &Request) -> bool {
    changes_something(request) && !request.body().is_end_stream()
}

/// Reads what `request` sends to change something, and leaves it in place. Whoever sends it slowly
/// has no session for longer by that: from here to what the request does, nothing more is awaited
/// from the network (`C2`).
pub(super) async fn read(request: &mut Request) -> Result<Bytes, Response> {
    if !is_awaited(request) {
        return Ok(Bytes::new());
    }
    let body = mem::take(request.body_mut());
    let sent = match Limited::new(body, LONGEST).collect().await {
        Ok(sent) => sent.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large(request.headers())),
        Err(_) => return Err(cut_off(request.headers())),
    };
    *request.body_mut() = Body::from(sent.clone());
    Ok(sent)
}

fn too_large(headers: &HeaderMap) -> Response {
    refusal(
        headers,
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "This form is too large",
        "Nothing was changed. Send less at once.",
    )
}

fn cut_off(headers: &HeaderMap) -> Response {
    refusal(
        headers,
        StatusCode::BAD_REQUEST,
        "cut_off",
        "This form did not arrive as a whole",
        "Nothing was changed. Please send it again.",
    )
}
