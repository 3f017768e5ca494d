//! Asks the server functions, with a time-out, and tells an answer of the server from anything
//! else that may come back.

use dwell_app::{
    api::{AskStatus, KeepAlive},
    names::GENERATION_HEADER,
};
use dwell_session::{Generation, Purpose, Status};
use leptos::server_fn::ServerFn as _;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

use crate::wire;

/// How long an answer may take.
const TIMEOUT_MS: u32 = 10_000;

/// What came of a request.
pub(crate) enum Outcome {
    /// The server told the status.
    Answered(Status),
    /// The server takes nothing from this page: the session may be another one.
    Refused,
    /// The server did not answer, or something on the way answered instead.
    Failed,
}

/// A plain `fetch` rather than Leptos's client: it can carry the generation and a time-out, it
/// tells the outcomes apart, and it is smaller.
pub(crate) async fn ask(purpose: Purpose, generation: Generation) -> Outcome {
    let (path, body) = match purpose {
        Purpose::KeepAlive { idle_for } => (
            KeepAlive::PATH,
            format!("{{\"idle_for_ms\":{}}}", idle_for.as_millis()),
        ),
        Purpose::Status => (AskStatus::PATH, "{}".to_owned()),
    };
    match post(path, &body, generation).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::Failed,
    }
}

async fn post(path: &str, body: &str, generation: Generation) -> Result<Outcome, JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", "application/json")?;
    headers.set("accept", "application/json")?;
    headers.set(GENERATION_HEADER, &generation.to_string())?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&JsValue::from_str(body));
    request.set_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MS)));

    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response = JsFuture::from(window.fetch_with_str_and_init(path, &request)).await?;
    let response: Response = response.dyn_into()?;
    match response.status() {
        200 | 401 => {
            let text = JsFuture::from(response.text()?).await?;
            let status = text.as_string().and_then(|text| wire::status(&text));
            Ok(status.map_or(Outcome::Failed, Outcome::Answered))
        }
        403 | 409 => Ok(Outcome::Refused),
        _ => Ok(Outcome::Failed),
    }
}
