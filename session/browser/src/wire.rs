//! Parses the JSON of pages and of the server with the browser's own parser. `serde_json` would
//! make up a fifth of the WebAssembly.

use std::time::Duration;

use dwell_session::{ActiveStatus, Names, Status};
use js_sys::{JSON, Reflect};
use wasm_bindgen::{JsCast as _, JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// A parsed JSON object, whose fields may have any type.
    type Wire;

    #[wasm_bindgen(method, getter)]
    fn error(this: &Wire) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn message(this: &Wire) -> JsValue;
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

/// The code of the refusal in `json`, if it is a refusal.
pub(crate) fn refusal(json: &str) -> Option<String> {
    object(json)?.error().as_string()
}

/// The advice for the user in `json`, if it is a refusal.
pub(crate) fn advice(json: &str) -> Option<String> {
    object(json)?.message().as_string()
}

/// The status in `json`, if it is one.
pub(crate) fn status(json: &str) -> Option<Status> {
    let wire = object(json)?;
    match wire.state().as_string()?.as_str() {
        "active" => active(&wire).map(Status::Active),
        // A newer server may send a reason that this page does not know. Then the page only knows
        // that there is no live session.
        "ended" => {
            let reason = wire.reason().as_string()?.parse();
            Some(reason.map_or(Status::Anonymous, |reason| Status::Ended { reason }))
        }
        "anonymous" => Some(Status::Anonymous),
        _ => None,
    }
}

/// The names in `json`, with the default for each that is missing.
pub(crate) fn names(json: &str) -> Names {
    let mut names = Names::default();
    if let Some(told) = object(json) {
        for (key, name) in names.by_key() {
            if let Some(told) = Reflect::get(&told, &key.into())
                .ok()
                .and_then(|told| told.as_string())
            {
                *name = told.into();
            }
        }
    }
    names
}

fn object(json: &str) -> Option<Wire> {
    let value = JSON::parse(json).ok().filter(JsValue::is_object)?;
    Some(value.unchecked_into())
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
        reason = "a float out of range saturates, which is intended"
    )]
    let millis = millis as u64;
    Some(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use dwell_session::{EndReason, Generation};
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn every_status_of_the_server_is_parsed() {
        let active = Status::Active(ActiveStatus {
            idle_remaining: Duration::from_millis(1_795_000),
            absolute_remaining: Duration::from_hours(24 * 366),
            warning: Duration::from_secs(120),
            grace: Duration::from_millis(1),
            touch_interval: Duration::ZERO,
            generation: Generation::from_random(u128::MAX),
        });
        let ended = EndReason::ALL.map(|reason| Status::Ended { reason });
        for written in ended.into_iter().chain([active, Status::Anonymous]) {
            let json = serde_json::to_string(&written).unwrap();
            assert_eq!(status(&json), Some(written), "{json}");
        }
    }

    #[wasm_bindgen_test]
    fn names_that_are_missing_are_the_default_ones() {
        for json in ["", "null", "[]", "{}", r#"{"sign_in":1}"#] {
            assert_eq!(names(json), Names::default(), "{json}");
        }
        let told = Names::under("/.admin");
        let json = serde_json::to_string(&told).unwrap();
        let mut read = names(&json);
        // The browser does not need these names, so it does not read them.
        read.discard_draft = told.discard_draft.clone();
        read.take_back_draft = told.take_back_draft.clone();
        read.module = told.module.clone();
        assert_eq!(read, told);
    }

    #[wasm_bindgen_test]
    fn an_end_for_an_unknown_reason_is_parsed_as_no_session() {
        let json = r#"{"state":"ended","reason":"bored"}"#;
        assert_eq!(status(json), Some(Status::Anonymous));
    }

    #[wasm_bindgen_test]
    fn other_texts_are_not_a_status() {
        for json in [
            "",
            "null",
            "[]",
            "\"active\"",
            "<!DOCTYPE html>",
            "{}",
            r#"{"state":"active"}"#,
            r#"{"state":"ended"}"#,
            r#"{"state":"active","idle_remaining_ms":-1,"absolute_remaining_ms":1,"warning_ms":1,"grace_ms":1,"touch_interval_ms":1,"generation":"00000000000000000000000000000abc"}"#,
            r#"{"state":"active","idle_remaining_ms":"1","absolute_remaining_ms":1,"warning_ms":1,"grace_ms":1,"touch_interval_ms":1,"generation":"00000000000000000000000000000abc"}"#,
        ] {
            assert_eq!(status(json), None, "{json}");
        }
    }
}
