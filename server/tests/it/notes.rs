//! Tests of notes: a note that is sent several times is saved once, and a deleted note can be
//! restored.

use axum::http::{HeaderValue, Method};
use dwell::{clock::Clock as _, drafts::MAX_USED_UP};
use dwell_app::names::{DRAFT_FIELD, DRAFTS_PATH, TAKE_BACK_DRAFT_PATH};
use dwell_server::notes::{MAX_DELETED, MAX_NOTES, PAGE_SIZE, UNDO_PERIOD};

use crate::{
    drafts::{DRAFT, TEXT, ada, composer, discard, grace, offers, saved},
    harness::{Browser, TestApp, by_script, by_user, form},
};

const NOTES: &str = "select count(*) from notes where deleted_at is null";
const DELETED: &str = "The note is deleted.";
const DISCARDED: &str = "The unsaved note is discarded.";

async fn write(browser: &mut Browser, text: &str) {
    let answer = browser.submit("/workspace", &[("text", text)]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

async fn latest(app: &TestApp) -> String {
    app.count("select max(id) from notes").await.to_string()
}

// F3
#[tokio::test]
async fn the_same_form_sent_three_times_is_one_note() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let fields = [("text", TEXT), (DRAFT_FIELD, DRAFT)];
    for _ in 0..3 {
        assert_eq!(browser.submit("/workspace", &fields).await.status, 303);
        assert_eq!(app.count(NOTES).await, 1);
    }
    // A note that is written on the next page is another note.
    let fields = [("text", "Another thought"), (DRAFT_FIELD, DRAFT)];
    assert_eq!(browser.submit("/workspace", &fields).await.status, 303);
    assert_eq!(app.count(NOTES).await, 2);
    let mut hers = grace(&app).await;
    let fields = [("text", TEXT), (DRAFT_FIELD, DRAFT)];
    assert_eq!(hers.submit("/workspace", &fields).await.status, 303);
    assert_eq!(app.count(NOTES).await, 3);
    for _ in 0..2 {
        write(&mut browser, "without a draft").await;
    }
    assert_eq!(app.count(NOTES).await, 5);
}

#[tokio::test]
async fn a_deleted_note_can_be_restored_by_its_author_for_a_day() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    write(&mut browser, TEXT).await;
    let id = latest(&app).await;
    let fields = [("id", id.as_str())];
    let answer = browser.submit("/workspace/delete", &fields).await;
    let page = browser.visit(answer.location()).await;
    assert!(page.body.contains(DELETED) && !page.body.contains(TEXT));
    let mut hers = grace(&app).await;
    assert!(!hers.visit(answer.location()).await.body.contains(DELETED));
    hers.submit("/workspace/take-back", &fields).await;
    assert_eq!(app.count(NOTES).await, 0);

    let back = browser.submit("/workspace/take-back", &fields).await;
    let page = browser.visit(back.location()).await;
    assert!(page.body.contains(TEXT) && !page.body.contains(DELETED));
    assert!(
        !browser
            .visit(answer.location())
            .await
            .body
            .contains(DELETED)
    );

    browser.submit("/workspace/delete", &fields).await;
    app.advance(UNDO_PERIOD);
    let mut browser = ada(&app).await;
    assert!(
        !browser
            .visit(answer.location())
            .await
            .body
            .contains(DELETED)
    );
    browser.submit("/workspace/take-back", &fields).await;
    assert_eq!(app.count(NOTES).await, 0);
    app.state.notes.sweep(app.clock.now()).await.unwrap();
    assert_eq!(app.count("select count(*) from notes").await, 0);
}

// F3
#[tokio::test]
async fn deleting_a_note_keeps_the_draft_in_the_form() {
    let app = TestApp::new().await;
    let mut browser = saved(&app).await;
    write(&mut browser, "an old note").await;
    let id = latest(&app).await;
    let mut request = form(by_user(Method::POST, "/workspace/delete"), &[("id", &id)]);
    let page = format!("https://dwell.example/workspace?draft={DRAFT}");
    let page = HeaderValue::try_from(page).unwrap();
    request.headers_mut().insert("referer", page);
    let answer = browser.send(request).await;
    let page = browser.visit(answer.location()).await;
    assert!(page.body.contains(DELETED));
    assert_eq!(composer(&page).text, TEXT);
}

// F3
#[tokio::test]
async fn a_discarded_draft_can_be_restored_for_a_day() {
    let app = TestApp::new().await;
    let mut browser = saved(&app).await;
    let answer = discard(&mut browser, DRAFT).await;
    let page = browser.visit(answer.location()).await;
    assert!(page.body.contains(DISCARDED) && !page.body.contains(TEXT));
    let put_back = format!("/workspace?draft={DRAFT}");
    assert!(browser.visit(&put_back).await.body.contains(DISCARDED));

    let fields = [(DRAFT_FIELD, DRAFT)];
    let mut hers = grace(&app).await;
    hers.submit(TAKE_BACK_DRAFT_PATH, &fields).await;
    assert_eq!(offers(&browser.visit("/workspace").await), 0);
    browser.submit(TAKE_BACK_DRAFT_PATH, &fields).await;
    assert_eq!(offers(&browser.visit("/workspace").await), 1);
    assert_eq!(composer(&browser.visit(&put_back).await).text, TEXT);

    discard(&mut browser, DRAFT).await;
    app.advance(UNDO_PERIOD);
    let mut browser = ada(&app).await;
    browser.submit(TAKE_BACK_DRAFT_PATH, &fields).await;
    assert_eq!(offers(&browser.visit("/workspace").await), 0);
}

// F3
#[tokio::test]
async fn opening_a_draft_that_was_saved_as_a_note_meanwhile_says_so() {
    let app = TestApp::new().await;
    let mut browser = saved(&app).await;
    let fields = [("text", TEXT), (DRAFT_FIELD, DRAFT)];
    browser.submit("/workspace", &fields).await;
    let page = browser.visit(&format!("/workspace?draft={DRAFT}")).await;
    assert!(page.body.contains("This note has been saved already."));
    assert_eq!(composer(&page).text, "");
    assert_ne!(composer(&page).draft, DRAFT);
}

// F3
#[tokio::test]
async fn a_text_that_begins_with_an_empty_line_keeps_it() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let text = "\n\n  indented";
    browser.save_draft(DRAFT, "\r\n\r\n  indented").await;
    let put_back = format!("/workspace?draft={DRAFT}");
    assert_eq!(composer(&browser.visit(&put_back).await).text, text);
    let too_long = format!("\n{}", "x".repeat(10_001));
    let page = browser.submit("/workspace", &[("text", &too_long)]).await;
    assert_eq!(composer(&page).text, too_long);
    write(&mut browser, text).await;
    let page = browser.visit("/workspace").await;
    assert!(page.body.contains(&format!(">{text}</p>")), "{page:?}");
}

// F3
#[tokio::test]
async fn identical_drafts_are_offered_once_and_discarded_together() {
    let app = TestApp::new().await;
    let mut browser = saved(&app).await;
    for number in 1..5 {
        app.advance_ms(1);
        browser.save_draft(&format!("{number:032x}"), TEXT).await;
    }
    browser.save_draft(&"f".repeat(32), "something else").await;
    let page = browser.visit("/workspace").await;
    assert_eq!(offers(&page), 2);
    let (shown, folded) = page.body.split_once("<details>").unwrap();
    assert!(shown.contains("something else") || folded.contains("something else"));
    assert_eq!(shown.matches("You have an unsaved note").count(), 1);
    // A draft that is in the form is not offered as well.
    let page = browser.visit(&format!("/workspace?draft={DRAFT}")).await;
    assert_eq!(composer(&page).text, TEXT);
    assert_eq!(offers(&page), 1);

    discard(&mut browser, DRAFT).await;
    let page = browser.visit("/workspace").await;
    assert_eq!(offers(&page), 1);
    assert!(!page.body.contains(TEXT));
}

// F3
#[tokio::test]
async fn the_drafts_and_the_form_can_be_fetched_without_the_rest_of_the_page() {
    let app = TestApp::new().await;
    let mut browser = saved(&app).await;
    write(&mut browser, "a note that is kept").await;
    let part = browser.fetch(DRAFTS_PATH).await;
    assert_eq!(offers(&part), 1);
    assert!(!part.body.contains("a note that is kept") && !part.body.contains("<html"));
    let part = browser.fetch(&format!("{DRAFTS_PATH}?draft={DRAFT}")).await;
    assert_eq!(composer(&part).text, TEXT);
    assert_eq!(offers(&part), 0);
}

// F3
#[tokio::test]
async fn a_draft_in_json_takes_no_more_bytes_in_one_script_than_in_another() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    for text in [
        "Ж".repeat(10_000),
        "語".repeat(10_000),
        "\u{1f4dd}".repeat(10_000),
    ] {
        let pairs = [("draft", DRAFT), ("form", "note"), ("text", &text)];
        let body = serde_json::to_string(&pairs).unwrap();
        assert!(body.len() < 41_000, "{}", body.len());
        let mut request = by_script(Method::POST, DRAFTS_PATH);
        let kind = HeaderValue::from_static("application/json");
        request.headers_mut().insert("content-type", kind);
        *request.body_mut() = body.into();
        assert_eq!(browser.send(request).await.status, 204);
        let page = browser.visit(&format!("/workspace?draft={DRAFT}")).await;
        assert_eq!(composer(&page).text, text);
    }
}

// F3
#[tokio::test]
async fn somebody_who_saves_too_often_is_told_to_wait() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    for _ in 0..120 {
        assert_eq!(browser.save_draft(DRAFT, TEXT).await.status, 204);
    }
    let answer = browser.save_draft(DRAFT, TEXT).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["error"], "too_often");
    assert_eq!(answer.header("retry-after"), Some("5"));
    let hers = grace(&app).await.save_draft(DRAFT, TEXT).await;
    assert_eq!(hers.status, 204);
    app.advance_ms(500);
    assert_eq!(browser.save_draft(DRAFT, TEXT).await.status, 204);
}

#[tokio::test]
async fn the_number_of_notes_is_limited_and_a_refused_note_is_not_lost() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    sqlx::query(
        "insert into notes (account, text, written_at) \
         with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 2000) \
         select (select id from accounts), 'note', 0 from numbers",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    assert_eq!(app.count(NOTES).await, i64::from(MAX_NOTES));
    let fields = [("text", TEXT), (DRAFT_FIELD, DRAFT)];
    let page = browser.submit("/workspace", &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("You have 2000 notes"), "{page:?}");
    assert_eq!(composer(&page).text, TEXT);
    assert_eq!(composer(&page).draft, DRAFT);
    assert_eq!(app.count(NOTES).await, i64::from(MAX_NOTES));

    for id in 1..=i64::from(MAX_DELETED) + 5 {
        let fields = [("id", id.to_string())];
        let fields = fields.each_ref().map(|(name, id)| (*name, id.as_str()));
        browser.submit("/workspace/delete", &fields).await;
    }
    let deleted = "select count(*) from notes where deleted_at is not null";
    assert_eq!(app.count(deleted).await, i64::from(MAX_DELETED));
    assert_eq!(browser.submit("/workspace", &fields).await.status, 303);
}

#[tokio::test]
async fn notes_are_shown_in_pages_the_newest_first() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    for number in 0..=PAGE_SIZE {
        write(&mut browser, &format!("thought {number}.")).await;
    }
    let page = browser.visit("/workspace").await;
    assert!(page.body.contains("thought 50.") && page.body.contains("thought 1."));
    assert!(!page.body.contains("thought 0."));
    let (_, older) = page.body.split_once("href=\"/workspace?before=").unwrap();
    let (before, _) = older.split_once('"').unwrap();
    let page = browser.visit(&format!("/workspace?before={before}")).await;
    assert!(page.body.contains("thought 0.") && !page.body.contains("thought 1."));
    assert!(!page.body.contains("before="), "there are no more");
    assert!(
        !grace(&app)
            .await
            .visit(&format!("/workspace?before={before}"))
            .await
            .body
            .contains("thought")
    );
}

// F3
#[tokio::test]
async fn the_number_of_used_up_drafts_is_limited() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    discard(&mut browser, DRAFT).await;
    assert_eq!(
        app.count("select count(*) from dwell_drafts").await,
        0,
        "an unknown id"
    );
    for number in 0..MAX_USED_UP + 10 {
        let draft = format!("{number:032x}");
        let fields = [("text", TEXT), (DRAFT_FIELD, &draft)];
        browser.submit("/workspace", &fields).await;
        app.advance_ms(500);
        assert_eq!(browser.save_draft(&draft, TEXT).await.status, 410);
    }
    let used_up = "select count(*) from dwell_drafts";
    assert_eq!(app.count(used_up).await, i64::from(MAX_USED_UP));
}
