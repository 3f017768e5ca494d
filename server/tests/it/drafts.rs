//! Tests that drafts come back to the person who typed them and to nobody else.

use std::{sync::Arc, time::Duration};

use axum::http::Method;
use dwell::drafts::{Author, DraftLimits, FormContent};
use dwell::{EndReason, Generation};
use dwell_app::names::{
    DISCARD_DRAFT_PATH, DRAFT_ATTRIBUTE, DRAFT_FIELD, DRAFT_FORM_FIELD, DRAFTS_PATH,
    GENERATION_FIELD, NOTE_FORM,
};
use tokio::task::yield_now;

use crate::harness::{Answer, Browser, EMAIL, PASSWORD, TestApp, by_script, by_user, form};

pub const DRAFT: &str = "0123456789abcdef0123456789abcdef";
pub const TEXT: &str = "Half a thought, and then";
const MS: Duration = Duration::from_millis(1);
const OFFERED: &str = "You have an unsaved note from";

/// The form for a new note, on the page `answer`.
pub fn composer(answer: &Answer) -> Composer {
    let (_, rest) = answer.body.split_once(DRAFT_ATTRIBUTE).unwrap();
    let (form, _) = rest.split_once("</form>").unwrap();
    let (_, draft) = form.split_once("name=\"draft\" value=\"").unwrap();
    let (_, text) = form.split_once("<textarea").unwrap();
    let (_, text) = text.split_once('>').unwrap();
    let (text, _) = text.split_once("</textarea>").unwrap();
    Composer {
        draft: draft.split_once('"').unwrap().0.to_owned(),
        // Like a browser, ignore the first line break of a textarea.
        text: text.strip_prefix('\n').unwrap_or(text).to_owned(),
    }
}

/// The form for a new note, as it is filled in.
pub struct Composer {
    pub draft: String,
    pub text: String,
}

/// How many unsaved notes the page `answer` offers back.
pub fn offers(answer: &Answer) -> usize {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body.matches(OFFERED).count()
}

/// A browser of the first account, in a new session.
pub async fn ada(app: &TestApp) -> Browser {
    app.in_session().await.with_generation().await
}

/// A browser of another person.
pub async fn grace(app: &TestApp) -> Browser {
    let account = app.another_account("grace@example.com").await;
    app.in_session_of(account).await.with_generation().await
}

/// A browser of the first account that has saved a draft.
pub async fn saved(app: &TestApp) -> Browser {
    let mut browser = ada(app).await;
    let answer = browser.save_draft(DRAFT, TEXT).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(answer.body, "");
    browser
}

pub async fn discard(browser: &mut Browser, draft: &str) -> Answer {
    let answer = browser
        .submit(DISCARD_DRAFT_PATH, &[(DRAFT_FIELD, draft)])
        .await;
    assert!(answer.location().starts_with("/workspace"), "{answer:?}");
    answer
}

// F3
#[tokio::test]
async fn the_person_gets_a_draft_back_after_an_end_and_a_new_sign_in() {
    for reason in [EndReason::IdleTimeout, EndReason::SignedOut] {
        let app = TestApp::new().await;
        let mut browser = app.signed_in().await;
        let draft = composer(&browser.visit("/workspace").await).draft;
        let mut page = browser.clone().with_generation().await;
        assert_eq!(page.save_draft(&draft, TEXT).await.status, 204);
        match reason {
            EndReason::IdleTimeout => app.advance(app.policy.idle()),
            _ => assert_eq!(browser.sign_out().await.status, 303),
        }
        assert_eq!(browser.fetch("/workspace").await.status, 401);

        browser.sign_in(EMAIL, PASSWORD).await;
        let offer = browser.visit("/workspace").await;
        assert_eq!(offers(&offer), 1);
        let time = "<time datetime=\"2023-11-14T22:13:20Z\">14 November 2023, 22:13 UTC</time>";
        assert!(offer.body.contains(time), "{offer:?}");
        assert!(offer.body.contains(TEXT));
        assert_eq!(
            composer(&offer).text,
            "",
            "the draft is in the form without being asked for"
        );

        let put_back = format!("/workspace?draft={draft}");
        assert!(offer.body.contains(&format!("href=\"{put_back}\"")));
        let page = browser.visit(&put_back).await;
        assert_eq!(composer(&page).text, TEXT);
        assert_eq!(composer(&page).draft, draft);
        assert_eq!(offers(&page), 0, "what is in the form is not offered");

        let fields = [("text", TEXT), (DRAFT_FIELD, draft.as_str())];
        let answer = browser.submit_from(&put_back, "/workspace", &fields).await;
        assert_eq!(answer.status, 303);
        let page = browser.visit("/workspace").await;
        assert_eq!(offers(&page), 0);
        assert!(page.body.contains(TEXT), "now it is a note");
    }
}

// F3
#[tokio::test]
async fn another_person_cannot_see_change_or_delete_a_draft() {
    let app = TestApp::new().await;
    let mut browser = saved(&app).await;
    let mut hers = grace(&app).await;

    let pages = [
        hers.visit("/workspace").await,
        hers.visit(&format!("/workspace?draft={DRAFT}")).await,
    ];
    for page in &pages {
        assert_eq!(offers(page), 0);
        assert!(!page.body.contains(TEXT) && !page.body.contains(DRAFT));
    }
    assert_eq!(hers.save_draft(DRAFT, "hers").await.status, 204);
    assert_eq!(hers.save_draft(DRAFT, "").await.status, 204);
    let fields = [("text", "her note"), (DRAFT_FIELD, DRAFT)];
    assert_eq!(hers.submit("/workspace", &fields).await.status, 303);
    discard(&mut hers, DRAFT).await;

    let page = browser.visit(&format!("/workspace?draft={DRAFT}")).await;
    assert_eq!(composer(&page).text, TEXT);
    assert_eq!(browser.save_draft(DRAFT, TEXT).await.status, 204);
}

// F3
#[tokio::test]
async fn another_person_at_the_same_browser_does_not_see_a_draft() {
    let app = TestApp::new().await;
    app.another_account("grace@example.com").await;
    let browser = saved(&app).await;
    app.advance(app.policy.idle());
    let mut browser = app.browser().with_id(browser.id());
    browser.sign_in("grace@example.com", PASSWORD).await;
    for path in ["/workspace", &format!("/workspace?draft={DRAFT}")] {
        let page = browser.visit(path).await;
        assert_eq!(offers(&page), 0);
        assert!(!page.body.contains(TEXT) && !page.body.contains(DRAFT));
    }
}

// F3
#[tokio::test]
async fn two_tabs_with_two_unsaved_notes_have_two_drafts() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let one = composer(&browser.visit("/workspace").await).draft;
    let other = composer(&browser.visit("/workspace").await).draft;
    assert_ne!(one, other);
    browser.save_draft(&one, "in one tab").await;
    app.advance_ms(1);
    browser.save_draft(&other, "in the other").await;
    browser.save_draft(&other, "in the other tab").await;

    let page = browser.visit("/workspace").await;
    assert_eq!(offers(&page), 2);
    let at = |text| page.body.find(text).unwrap();
    assert!(at("in the other tab") < at("in one tab"), "latest first");
    assert_eq!(app.count("select count(*) from dwell_drafts").await, 2);

    discard(&mut browser, &one).await;
    let page = browser.visit("/workspace").await;
    assert_eq!(offers(&page), 1);
    assert!(!page.body.contains("in one tab"));
}

// F3
#[tokio::test]
async fn a_draft_contains_only_the_fields_that_people_fill_in() {
    let app = TestApp::new().await;
    let fields = [("text", TEXT), (DRAFT_FIELD, DRAFT), ("to", "Grace")];
    let request = |generation| {
        let sent = [
            (GENERATION_FIELD, generation),
            (DRAFT_FORM_FIELD, NOTE_FORM),
        ];
        let fields: Vec<_> = sent.into_iter().chain(fields).collect();
        form(by_script(Method::POST, DRAFTS_PATH), &fields)
    };
    let mut browser = app.in_session().await;
    let generation = browser.generation().await.to_string();
    assert_eq!(browser.send(request("")).await.status, 403);
    assert_eq!(browser.send(request(&generation)).await.status, 204);
    let (kept,): (String,) = sqlx::query_as("select fields from dwell_drafts")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(kept, format!(r#"[["text","{TEXT}"],["to","Grace"]]"#));
}

// F3
#[tokio::test]
async fn a_draft_of_another_form_is_not_offered_as_a_note() {
    let app = TestApp::new().await;
    let id = DRAFT.parse().unwrap();
    let author = Author {
        person: app.account.into(),
        session: Generation::from_random(1),
    };
    let form = FormContent {
        name: "other",
        fields: &[("text".to_owned(), TEXT.to_owned())],
    };
    let saved = app.state.drafts.save(&author, id, form);
    saved.await.unwrap();
    let mut browser = ada(&app).await;
    assert_eq!(offers(&browser.visit("/workspace").await), 0);
    let page = browser.visit(&format!("/workspace?draft={DRAFT}")).await;
    assert_eq!(composer(&page).text, "");
}

// A9, F3
#[tokio::test]
async fn saving_a_hundred_drafts_leaves_the_deadline_where_it_was() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let fields = [
        (DRAFT_FIELD, DRAFT),
        (DRAFT_FORM_FIELD, NOTE_FORM),
        ("text", TEXT),
    ];
    for round in 0..100 {
        app.advance(app.policy.idle() / 101);
        let request = match round % 2 {
            0 => by_script(Method::POST, DRAFTS_PATH),
            _ => by_user(Method::POST, DRAFTS_PATH),
        };
        assert_eq!(browser.send(form(request, &fields)).await.status, 204);
    }
    app.dwell.write_all().await.unwrap();
    let moved = "select count(*) from dwell_sessions where last_active_at > authenticated_at";
    assert_eq!(app.count(moved).await, 0);
    app.advance(app.policy.idle() / 100);
    let answer = browser.save_draft(DRAFT, TEXT).await;
    assert!(answer.is_end(EndReason::IdleTimeout), "{answer:?}");
}

// F3
#[tokio::test]
async fn a_draft_expires_seven_days_after_it_was_last_saved() {
    let app = TestApp::new().await;
    saved(&app).await;
    app.advance(DraftLimits::default().retention - MS);
    assert_eq!(offers(&ada(&app).await.visit("/workspace").await), 1);
    ada(&app).await.save_draft(DRAFT, TEXT).await;

    app.advance(DraftLimits::default().retention - MS);
    app.state.drafts.sweep().await.unwrap();
    assert_eq!(offers(&ada(&app).await.visit("/workspace").await), 1);

    app.advance(MS);
    let mut browser = ada(&app).await;
    assert_eq!(offers(&browser.visit("/workspace").await), 0);
    let page = browser.visit(&format!("/workspace?draft={DRAFT}")).await;
    assert_eq!(composer(&page).text, "");
    assert_ne!(composer(&page).draft, DRAFT);
    assert_eq!(app.count("select count(*) from dwell_drafts").await, 1);
    app.state.drafts.sweep().await.unwrap();
    assert_eq!(app.count("select count(*) from dwell_drafts").await, 0);
}

// F3
#[tokio::test]
async fn a_draft_that_is_used_up_stays_used_up() {
    for is_sent in [true, false] {
        for is_saved_before in [true, false] {
            let app = TestApp::new().await;
            let mut browser = ada(&app).await;
            if is_saved_before {
                browser.save_draft(DRAFT, TEXT).await;
            }
            match is_sent {
                true => {
                    let fields = [("text", "a note"), (DRAFT_FIELD, DRAFT)];
                    assert_eq!(browser.submit("/workspace", &fields).await.status, 303);
                }
                false => {
                    browser.save_draft(DRAFT, TEXT).await;
                    discard(&mut browser, DRAFT).await;
                }
            }
            for text in [TEXT, "", TEXT] {
                let answer = browser.save_draft(DRAFT, text).await;
                let expected = if text.is_empty() { 204 } else { 410 };
                assert_eq!(answer.status, expected);
            }
            app.advance(DraftLimits::default().undo - MS);
            app.state.drafts.sweep().await.unwrap();
            let mut browser = ada(&app).await;
            let answer = browser.save_draft(DRAFT, TEXT).await;
            assert_eq!(answer.json()["error"], "draft_used_up");
            assert_eq!(offers(&browser.visit("/workspace").await), 0);
            let kept = "select count(*) from dwell_drafts where used_up_at is null";
            assert_eq!(app.count(kept).await, 0);

            app.advance(MS);
            app.state.drafts.sweep().await.unwrap();
            assert_eq!(app.count("select count(*) from dwell_drafts").await, 0);
        }
    }
}

// F3
/// The page saves its draft while its note is being sent. Whichever arrives first, the note is
/// saved and no draft is offered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_race_their_notes_and_never_come_back() {
    const ROUNDS: u32 = 300;
    let app = Arc::new(TestApp::new().await);
    let browser = ada(&app).await;
    let mut overtaken = 0;
    for round in 0..ROUNDS {
        // Saving more often is refused.
        app.advance_ms(500);
        let draft = format!("{round:032x}");
        let save = tokio::spawn({
            let (mut browser, draft) = (browser.clone(), draft.clone());
            async move {
                for _ in 0..round % 7 {
                    yield_now().await;
                }
                browser.save_draft(&draft, TEXT).await
            }
        });
        let send = tokio::spawn({
            let mut browser = browser.clone();
            async move {
                for _ in 0..round % 5 {
                    yield_now().await;
                }
                let fields = [("text", "a note"), (DRAFT_FIELD, draft.as_str())];
                browser.submit("/workspace", &fields).await
            }
        });
        assert_eq!(send.await.unwrap().status, 303);
        match save.await.unwrap().status.as_u16() {
            204 => {}
            410 => overtaken += 1,
            status => panic!("{status}"),
        }
        let kept = "select count(*) from dwell_drafts where fields is not null";
        assert_eq!(app.count(kept).await, 0, "{round}");
    }
    assert_eq!(
        app.count("select count(*) from notes").await,
        i64::from(ROUNDS)
    );
    println!("{overtaken} of {ROUNDS} drafts came after their notes");
}

// F3
#[tokio::test]
async fn a_note_that_was_rejected_keeps_its_draft() {
    let app = TestApp::new().await;
    let mut browser = saved(&app).await;
    let long = "x".repeat(10_001);
    let fields = [("text", long.as_str()), (DRAFT_FIELD, DRAFT)];
    let page = browser.submit("/workspace", &fields).await;
    assert_eq!(page.status, 422);
    assert_eq!(composer(&page).text, long);
    assert_eq!(composer(&page).draft, DRAFT);
    assert!(!page.body.contains(OFFERED));
    assert_eq!(offers(&browser.visit("/workspace").await), 1);

    for unknown in ["", "nonsense"] {
        let fields = [("text", ""), (DRAFT_FIELD, unknown)];
        let page = browser.submit("/workspace", &fields).await;
        assert_eq!(page.status, 422);
        assert_eq!(composer(&page).draft.len(), 32);
    }
}
