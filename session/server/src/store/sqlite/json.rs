//! Writes keys and touches as JSON, which one SQL statement for many sessions reads with
//! `json_each`.

use std::fmt::Write as _;

use dwell_session::Instant;

use crate::store::SessionKey;

/// The length of the longest key with an instant in JSON, in bytes.
const MAX_TOUCH_LENGTH: usize = 64 + 20 + 4;

pub(super) fn touches_as_json(touches: &[(SessionKey, Instant)]) -> String {
    let mut json = String::with_capacity(touches.len() * MAX_TOUCH_LENGTH + 2);
    json.push('{');
    for (index, (key, at)) in touches.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        push_quoted(&mut json, *key);
        // Writing into a string does not fail.
        let _ = write!(json, ":{}", at.as_millis());
    }
    json.push('}');
    json
}

pub(super) fn keys_as_json(keys: &[SessionKey]) -> String {
    let mut json = String::with_capacity(keys.len() * MAX_TOUCH_LENGTH + 2);
    json.push('[');
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        push_quoted(&mut json, *key);
    }
    json.push(']');
    json
}

fn push_quoted(json: &mut String, key: SessionKey) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    json.push('"');
    for byte in key.as_bytes() {
        for digit in [byte >> 4, byte & 0xf] {
            json.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    json.push('"');
}
