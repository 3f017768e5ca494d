//! Tests of the limits on the size and the number of drafts.

use axum::http::Method;
use dwell::drafts::DraftLimits;
use dwell_app::names::{
    DRAFT_FIELD, DRAFT_FORM_FIELD, DRAFTS_PATH, LONGEST_DRAFT as LONGEST, NOTE_FORM,
};

use crate::{
    drafts::{DRAFT, TEXT, ada, composer, discard, grace, offers, saved},
    harness::{TestApp, by_script, form},
};

/// How many drafts a person has at most.
fn max_drafts() -> u32 {
    DraftLimits::default().per_person
}

// F3
#[tokio::test]
async fn the_oldest_draft_is_removed_when_there_are_too_many() {
    let app = TestApp::new().await;
    let mut hers = grace(&app).await;
    hers.save_draft(DRAFT, "hers").await;
    let mut browser = ada(&app).await;
    browser.save_draft(DRAFT, TEXT).await;
    discard(&mut browser, DRAFT).await;
    for number in 0..=max_drafts() {
        app.advance_ms(1);
        let text = format!("thought {number}.");
        browser.save_draft(&format!("{number:032x}"), &text).await;
        let expected = (number + 1).min(max_drafts());
        let page = browser.visit("/workspace").await;
        assert_eq!(offers(&page), usize::try_from(expected).unwrap());
    }
    let page = browser.visit("/workspace").await;
    assert!(!page.body.contains("thought 0."));
    assert!(page.body.contains("thought 1.") && page.body.contains("thought 20."));
    assert_eq!(offers(&hers.visit("/workspace").await), 1);
    assert_eq!(browser.save_draft(DRAFT, TEXT).await.status, 410);

    // A draft that is used up does not count.
    discard(&mut browser, &format!("{:032x}", max_drafts())).await;
    browser.save_draft(&"f".repeat(32), "in its place").await;
    let page = browser.visit("/workspace").await;
    assert_eq!(offers(&page), usize::try_from(max_drafts()).unwrap());
    assert!(page.body.contains("thought 1."));
}

// F3
#[tokio::test]
async fn the_draft_that_is_being_saved_is_never_the_one_that_is_removed() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    for number in 0..3 * max_drafts() {
        // All in the same millisecond.
        let text = format!("thought {number}.");
        let draft = format!("{:032x}", number.wrapping_mul(0x9E37_79B9));
        browser.save_draft(&draft, &text).await;
        assert!(browser.visit("/workspace").await.body.contains(&text));
    }
}

// F3
#[tokio::test]
async fn a_draft_that_is_too_large_is_refused_and_the_one_before_stays() {
    let app = TestApp::new().await;
    let mut browser = saved(&app).await;
    let around = r#"[["text",""]]"#.len();
    for (length, status) in [
        (LONGEST - around, 204),
        (LONGEST - around + 1, 413),
        (300 * 1024, 413),
        (3 * 1024 * 1024, 413),
    ] {
        let text = "x".repeat(length);
        let answer = browser.save_draft(DRAFT, &text).await;
        assert_eq!(answer.status, status, "{length}");
        if status == 413 {
            assert_eq!(answer.json()["error"], "too_large");
        }
    }
    let put_back = format!("/workspace?draft={DRAFT}");
    let kept = composer(&browser.visit(&put_back).await).text;
    assert_eq!(kept.len(), LONGEST - around);

    // The longest note fits, whatever script it is in.
    let longest = "\u{1f4dd}".repeat(10_000);
    assert_eq!(browser.save_draft(DRAFT, &longest).await.status, 204);
    let kept = composer(&browser.visit(&put_back).await).text;
    assert_eq!(kept, longest);
}

// F3
#[tokio::test]
async fn saving_an_empty_form_deletes_its_draft() {
    for blank in ["", " \r\n\t\u{a0}"] {
        let app = TestApp::new().await;
        let mut browser = saved(&app).await;
        assert_eq!(browser.save_draft(DRAFT, blank).await.status, 204);
        assert_eq!(offers(&browser.visit("/workspace").await), 0);
        assert_eq!(app.count("select count(*) from dwell_drafts").await, 0);

        assert_eq!(browser.save_draft(DRAFT, TEXT).await.status, 204);
        assert_eq!(offers(&browser.visit("/workspace").await), 1);
    }
}

// F3
#[tokio::test]
async fn typed_markup_stays_text() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let hostile = "</textarea></q><script>alert(1)</script>\"'&";
    browser.save_draft(DRAFT, hostile).await;
    let too_long = hostile.repeat(300);
    for page in [
        browser.visit("/workspace").await,
        browser.visit(&format!("/workspace?draft={DRAFT}")).await,
        browser.submit("/workspace", &[("text", &too_long)]).await,
    ] {
        assert!(page.body.contains("&lt;script"), "{page:?}");
        assert!(!page.body.contains("<script>alert"), "{page:?}");
    }
}

// F3
#[tokio::test]
async fn a_request_that_is_not_a_draft_is_refused_and_nothing_is_saved() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let upper = DRAFT.to_uppercase();
    let note = (DRAFT_FORM_FIELD, NOTE_FORM);
    let text = ("text", TEXT);
    for fields in [
        vec![],
        vec![note, text],
        vec![(DRAFT_FIELD, DRAFT), text],
        vec![(DRAFT_FIELD, DRAFT), (DRAFT_FORM_FIELD, "other"), text],
        vec![(DRAFT_FIELD, ""), note, text],
        vec![(DRAFT_FIELD, &DRAFT[1..]), note, text],
        vec![(DRAFT_FIELD, &upper), note, text],
        vec![(DRAFT_FIELD, "' or 1=1; --"), note, text],
    ] {
        let request = form(by_script(Method::POST, DRAFTS_PATH), &fields);
        let answer = browser.send(request).await;
        assert_eq!(answer.status, 422, "{fields:?}");
        assert_eq!(answer.json()["error"], "no_draft");
    }
    let mut request = by_script(Method::POST, DRAFTS_PATH);
    *request.body_mut() = "draft".into();
    assert_eq!(browser.send(request).await.status, 415);
    assert_eq!(app.count("select count(*) from dwell_drafts").await, 0);

    for unknown in ["", "nonsense", &"0".repeat(32), "%00", "a&draft=b"] {
        let page = browser.visit(&format!("/workspace?draft={unknown}")).await;
        assert_eq!(page.status, 200, "{unknown}");
        assert_ne!(composer(&page).draft, unknown);
        assert_eq!(composer(&page).text, "");
    }
    discard(&mut browser, "nonsense").await;
    assert_eq!(app.count("select count(*) from dwell_drafts").await, 0);
}
