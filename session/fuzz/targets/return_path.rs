//! Where signing in leads is a page of this program, as the URL parser of a browser reads it.
#![no_main]

use std::sync::LazyLock;

use axum::http::HeaderValue;
use dwell::{Dwell, SessionCookie};
use libfuzzer_sys::fuzz_target;
use url::Url;

static DWELL: LazyLock<Dwell> = LazyLock::new(|| dwell_fuzz::dwell_with(SessionCookie::default()));
static BASE: LazyLock<Url> = LazyLock::new(|| {
    "https://program.example/sign-in"
        .parse()
        .expect("an address")
});

fuzz_target!(|text: &str| {
    let Some(taken) = DWELL.return_path(text) else {
        return;
    };
    let path = taken.as_str();
    assert!(
        HeaderValue::from_str(path).is_ok(),
        "{path:?} fits no header"
    );
    let target = BASE.join(path).expect("an address");
    assert_eq!(target.origin(), BASE.origin(), "{path:?} leads to {target}");
    assert!(
        !target.path().starts_with("//"),
        "{path:?} leads to {target}"
    );
    let names = DWELL.names();
    let is_page = !names.is_own(target.path()) && target.path() != names.sign_in;
    assert!(is_page, "{path:?} leads to {target}");
    let again = DWELL.return_path(path);
    assert_eq!(again.as_ref(), Some(&taken), "{path:?} is not taken again");
});
