//! Which forms have to name their session (`K1`).

use axum::{
    body::Body,
    http::{
        Request, StatusCode,
        header::{CONTENT_TYPE, COOKIE, HeaderValue},
    },
};
use dwell::GenerationRule;

use crate::program::{Program, text};

async fn sent(program: &Program, path: &str, cookie: &HeaderValue, form: &str) -> StatusCode {
    // The type of a body may be in capital letters.
    let request = Request::post(path)
        .header(COOKIE, cookie)
        .header(CONTENT_TYPE, "Application/X-WWW-Form-Urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(form.to_owned()))
        .unwrap();
    program.answer(request).await.status()
}

// K1
#[tokio::test]
async fn a_form_without_a_generation_counts_as_one_that_has_no_such_field() {
    use GenerationRule::{Checked, Required};

    for (rule, absent) in [
        (Checked, StatusCode::NO_CONTENT),
        (Required, StatusCode::FORBIDDEN),
    ] {
        let program = Program::with(|dwell| dwell.generations(rule)).await;
        let cookie = program.cookie().await;
        let request = Request::get("/generation").header(COOKIE, &cookie);
        let answer = program.answer(request.body(Body::empty()).unwrap()).await;
        let right = format!("dwell-generation={}", text(answer).await);
        let table = [
            (right.as_str(), StatusCode::NO_CONTENT),
            ("", absent),
            ("dwell-generation=", absent),
            ("dwell-generation=nonsense", StatusCode::FORBIDDEN),
            (
                "dwell-generation=0123456789abcdef0123456789abcdef",
                StatusCode::FORBIDDEN,
            ),
        ];
        for (form, expected) in table {
            let status = sent(&program, "/change", &cookie, form).await;
            assert_eq!(status, expected, "{form:?} {rule:?}");
        }
    }
}

// K1
#[tokio::test]
async fn a_page_of_another_session_changes_nothing_as_a_guest_either() {
    let program = Program::with(|dwell| dwell).await;
    let old = program.dwell.begin("alice").await.unwrap();
    let cookie = program.cookie().await;
    let form = format!("dwell-generation={}", old.status().generation);
    for path in ["/change", "/guestbook"] {
        let status = sent(&program, path, &cookie, &form).await;
        assert_eq!(status, StatusCode::CONFLICT, "{path}");
    }
    let status = sent(&program, "/guestbook", &cookie, "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
}
