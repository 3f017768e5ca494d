//! Reads a status from the JSON of the contract with the browser's own parser: `serde_json` would
//! be a fifth of everything that is loaded.

use std::time::Duration;

use dwell_session::{ActiveStatus, Status};
use js_sys::JSON;
use wasm_bindgen::{JsCast as _, JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// An object of which nothing is known yet.
    type Wire;

    #[wasm_bindgen(method, getter)]
    fn state(this: &Wire) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn reason(this: &Wire) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn idle_remaining_ms(this: &Wire) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn absolute_remaining_ms(this: &Wire) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn warning_ms(this: &Wire) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn grace_ms(this: &Wire) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn touch_interval_ms(this: &Wire) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn generation(this: &Wire) -> JsValue;
}

/// The status that `json` says, if it says one.
pub(crate) fn status(json: &str) -> Option<Status> {
    let value = JSON::parse(json).ok().filter(JsValue::is_object)?;
    let wire: Wire = value.unchecked_into();
    match wire.state().as_string()?.as_str() {
        "active" => active(&wire).map(Status::Active),
        "ended" => {
            let reason = wire.reason().as_string()?.parse().ok()?;
            Some(Status::Ended { reason })
        }
        "anonymous" => Some(Status::Anonymous),
        _ => None,
    }
}

fn active(wire: &Wire) -> Option<ActiveStatus> {
    Some(ActiveStatus {
        idle_remaining: duration(&wire.idle_remaining_ms())?,
        absolute_remaining: duration(&wire.absolute_remaining_ms())?,
        warning: duration(&wire.warning_ms())?,
        grace: duration(&wire.grace_ms())?,
        touch_interval: duration(&wire.touch_interval_ms())?,
        generation: wire.generation().as_string()?.parse().ok()?,
    })
}

fn duration(millis: &JsValue) -> Option<Duration> {
    let millis = millis.as_f64().filter(|millis| *millis >= 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float beyond the range saturates"
    )]
    let millis = millis as u64;
    Some(Duration::from_millis(millis))
}
