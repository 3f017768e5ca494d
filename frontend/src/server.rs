//! Asks the server, with a time-out, and tells an answer of the server from anything else that may
//! come back.

use dwell_app::{
    SignInTrouble,
    api::{AskStatus, KeepAlive},
    names::{DRAFTS_PATH, GENERATION_HEADER, SIGN_IN_PATH, SIGN_OUT_PATH},
};
use dwell_session::{Generation, Purpose, Status, whole_millis};
use gloo_timers::callback::Timeout;
use js_sys::Reflect;
use leptos::server_fn::ServerFn as _;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, FormData, Headers, HtmlFormElement, RequestInit, Response, UrlSearchParams,
};

use crate::wire;

/// How long an answer may take, in milliseconds.
pub(crate) const PATIENCE_MS: u32 = 10_000;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// What came of a request.
pub(crate) enum Outcome {
    /// The server told the status.
    Answered(Status),
    /// The server takes nothing from this page: the session is another one.
    Refused,
    /// The server did not answer, or something on the way answered instead.
    Failed,
}

/// A plain `fetch` rather than Leptos's client: it can carry the generation and a time-out, it
/// tells the outcomes apart, and it is smaller.
pub(crate) async fn ask(purpose: Purpose, generation: Generation) -> Outcome {
    let (path, kind, body) = match purpose {
        Purpose::KeepAlive { idle_for } => (
            KeepAlive::PATH,
            JSON,
            format!("{{\"idle_for_ms\":{}}}", whole_millis(idle_for)),
        ),
        Purpose::Status => (AskStatus::PATH, JSON, "{}".to_owned()),
        Purpose::SignOut => (SIGN_OUT_PATH, FORM, String::new()),
    };
    match post(path, kind, &body, Some(generation)).await {
        Ok(Answer {
            code: 200 | 401,
            text,
        }) => wire::status(&text).map_or(Outcome::Failed, Outcome::Answered),
        Ok(Answer {
            code: 403 | 409,
            text,
        }) => match wire::refusal(&text).as_deref() {
            Some("another_session" | "wrong_generation") => Outcome::Refused,
            _ => Outcome::Failed,
        },
        Ok(_) | Err(_) => Outcome::Failed,
    }
}

/// Sends the form for signing in.
pub(crate) async fn sign_in(form: &HtmlFormElement) -> Result<(), SignInTrouble> {
    let unreachable = |_: JsValue| SignInTrouble::Unreachable;
    let body = encoded(form).map_err(unreachable)?;
    let answer = post(SIGN_IN_PATH, FORM, &body, None)
        .await
        .map_err(unreachable)?;
    if answer.code == 200 && matches!(wire::status(&answer.text), Some(Status::Active(_))) {
        return Ok(());
    }
    Err(match wire::refusal(&answer.text).as_deref() {
        Some("wrong_credentials") => SignInTrouble::WrongCredentials,
        Some("busy") => SignInTrouble::Busy,
        Some("too_many_attempts") => SignInTrouble::TooMany,
        _ => SignInTrouble::Unreachable,
    })
}

/// What came of saving a draft.
pub(crate) enum Saving {
    /// It is kept.
    Done,
    /// What was in the form with this id is saved or discarded already.
    UsedUp,
    /// It is not kept.
    Failed,
}

/// Saves a draft, the fields of which are JSON.
pub(crate) async fn save_draft(
    fields: &str,
    generation: &str,
    patience_ms: u32,
    outlives_page: bool,
) -> Saving {
    let request = Outgoing {
        kind: JSON,
        body: fields,
        generation: Some(generation),
        patience_ms,
        outlives_page,
    };
    let answer = request.post(DRAFTS_PATH).await;
    match answer.map(|answer| answer.code) {
        Ok(204) => Saving::Done,
        Ok(410) => Saving::UsedUp,
        Ok(_) | Err(_) => Saving::Failed,
    }
}

/// What is kept by now of what was typed, and the form, in HTML, as a page with this query shows
/// them.
pub(crate) async fn drafts(query: &str) -> Option<String> {
    let window = web_sys::window()?;
    let address = DRAFTS_PATH.to_owned() + query;
    let response: Response = JsFuture::from(window.fetch_with_str(&address))
        .await
        .ok()?
        .dyn_into()
        .ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.text().ok()?)
        .await
        .ok()?
        .as_string()
}

struct Answer {
    code: u16,
    text: String,
}

async fn post(
    path: &str,
    kind: &str,
    body: &str,
    generation: Option<Generation>,
) -> Result<Answer, JsValue> {
    let generation = generation.map(|generation| generation.to_string());
    let request = Outgoing {
        kind,
        body,
        generation: generation.as_deref(),
        patience_ms: PATIENCE_MS,
        // What the user did last is reported although the page is being left.
        outlives_page: true,
    };
    request.post(path).await
}

/// What is to be sent.
struct Outgoing<'a> {
    kind: &'a str,
    body: &'a str,
    generation: Option<&'a str>,
    patience_ms: u32,
    outlives_page: bool,
}

impl Outgoing<'_> {
    async fn post(self, path: &str) -> Result<Answer, JsValue> {
        let headers = Headers::new()?;
        headers.set("content-type", self.kind)?;
        headers.set("accept", JSON)?;
        if let Some(generation) = self.generation {
            headers.set(GENERATION_HEADER, generation)?;
        }
        let request = RequestInit::new();
        request.set_method("POST");
        request.set_headers(&headers);
        request.set_body(&JsValue::from_str(self.body));
        // Many browsers in use have no `AbortSignal.timeout`.
        let patience = AbortController::new()?;
        request.set_signal(Some(&patience.signal()));
        let _patience = Timeout::new(self.patience_ms, move || patience.abort());
        Reflect::set(&request, &"keepalive".into(), &self.outlives_page.into())?;

        let window = web_sys::window().ok_or(JsValue::NULL)?;
        let response = JsFuture::from(window.fetch_with_str_and_init(path, &request)).await?;
        let response: Response = response.dyn_into()?;
        let text = JsFuture::from(response.text()?).await?;
        Ok(Answer {
            code: response.status(),
            text: text.as_string().unwrap_or_default(),
        })
    }
}

fn encoded(form: &HtmlFormElement) -> Result<String, JsValue> {
    let data = FormData::new_with_form(form)?;
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&data)?;
    Ok(fields.to_string().into())
}
