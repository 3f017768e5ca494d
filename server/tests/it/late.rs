//! Tests that what is sent after the end of its session is kept as a draft of the person.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request},
};
use dwell::EndReason;
use dwell::drafts::DraftLimits;
use dwell_app::names::{
    DRAFT_FIELD, DRAFT_FORM_FIELD, DRAFTS_PATH, GENERATION_FIELD, GENERATION_HEADER, NOTE_FORM,
    SIGN_IN_PATH,
};

use crate::{
    drafts::{DRAFT, TEXT},
    harness::{Browser, EMAIL, HOST, PASSWORD, TestApp, by_script, by_user, form},
};

const KEPT: &str = "select count(*) from dwell_drafts where used_up_at is null";

const EVERY_REASON: [EndReason; 5] = [
    EndReason::IdleTimeout,
    EndReason::AbsoluteTimeout,
    EndReason::SignedOut,
    EndReason::Revoked,
    EndReason::Replaced,
];

/// A browser whose session has ended for `reason`, and the generation that its page carries.
async fn ended(app: &TestApp, reason: EndReason) -> (Browser, String) {
    let mut browser = app.in_session().await;
    let generation = browser.generation().await.to_string();
    let mut user = browser.clone();
    match reason {
        EndReason::IdleTimeout => app.advance(app.policy.idle()),
        EndReason::AbsoluteTimeout => {
            let half = app.policy.idle() / 2;
            for _ in 0..app.policy.absolute().as_millis() / half.as_millis() {
                assert_eq!(user.keep_alive(0).await.status, 200);
                app.advance(half);
            }
        }
        EndReason::SignedOut => {
            user.sign_out().await;
        }
        EndReason::Revoked | EndReason::Restored => {
            assert!(app.end(browser.id(), reason).await);
        }
        EndReason::Replaced => {
            user.sign_in(EMAIL, PASSWORD).await;
        }
    }
    assert!(browser.ask_status().await.is_end(reason), "{reason}");
    (browser, generation)
}

/// The note as its page sends it.
fn note(generation: &str) -> Request<Body> {
    let fields = [
        (GENERATION_FIELD, generation),
        (DRAFT_FIELD, DRAFT),
        ("text", TEXT),
    ];
    let mut request = form(by_user(Method::POST, "/workspace"), &fields);
    let referrer = HeaderValue::try_from(format!("https://{HOST}/workspace")).unwrap();
    request.headers_mut().insert("referer", referrer);
    request
}

// F3
#[tokio::test]
async fn a_note_sent_after_an_end_is_offered_after_signing_in_again() {
    for reason in EVERY_REASON {
        let app = TestApp::new().await;
        let (mut browser, generation) = ended(&app, reason).await;

        let answer = browser.send(note(&generation)).await;
        assert_eq!(
            answer.location(),
            format!("{SIGN_IN_PATH}?next=%2Fworkspace")
        );
        assert_eq!(answer.body, "");
        assert!(answer.set_cookies().is_empty());
        assert!(browser.ask_status().await.is_end(reason), "{reason}");
        assert_eq!(app.count("select count(*) from notes").await, 0);

        let page = browser.visit(answer.location()).await;
        assert!(
            page.body
                .contains("is kept as a draft, and waits for you in your workspace")
        );
        let next = page.field("next").unwrap();
        let fields = [("email", EMAIL), ("password", PASSWORD), ("next", &next)];
        let answer = browser.submit(SIGN_IN_PATH, &fields).await;
        let page = browser.visit(answer.location()).await;
        assert!(page.body.contains("You have an unsaved note from"));
        assert!(page.body.contains(TEXT) && page.body.contains(DRAFT));
    }
}

// F3
#[tokio::test]
async fn a_late_note_is_kept_for_its_author_whoever_signs_in_next() {
    let app = TestApp::new().await;
    app.another_account("grace@example.com").await;
    let (mut browser, generation) = ended(&app, EndReason::IdleTimeout).await;
    browser.send(note(&generation)).await;
    browser.sign_in("grace@example.com", PASSWORD).await;
    for path in ["/workspace", &format!("/workspace?draft={DRAFT}")] {
        let page = browser.visit(path).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains(TEXT) && !page.body.contains(DRAFT));
    }
    let page = app.in_session().await.visit("/workspace").await;
    assert!(page.body.contains(TEXT));
}

// F3
#[tokio::test]
async fn a_draft_that_a_script_saves_after_a_timeout_is_kept_too() {
    let app = TestApp::new().await;
    let (mut browser, generation) = ended(&app, EndReason::IdleTimeout).await;
    let save = |form_name: &str, text: &str| {
        let fields = [
            (DRAFT_FIELD, DRAFT),
            (DRAFT_FORM_FIELD, form_name),
            ("text", text),
        ];
        let mut request = form(by_script(Method::POST, DRAFTS_PATH), &fields);
        let generation = HeaderValue::from_str(&generation).unwrap();
        request.headers_mut().insert(GENERATION_HEADER, generation);
        request
    };
    for (form_name, text, kept) in [
        ("other", TEXT, 0),
        (NOTE_FORM, " ", 0),
        (NOTE_FORM, TEXT, 1),
    ] {
        let answer = browser.send(save(form_name, text)).await;
        assert!(answer.is_end(EndReason::IdleTimeout), "{answer:?}");
        assert_eq!(app.count(KEPT).await, kept, "{form_name} {text}");
    }
    assert_eq!(browser.fetch("/workspace").await.status, 401);
}

// F3, K1
#[tokio::test]
async fn a_note_without_a_known_generation_is_not_kept() {
    let app = TestApp::new().await;
    let (mut browser, own) = ended(&app, EndReason::IdleTimeout).await;
    for generation in ["", "nonsense", &own[1..], &"0".repeat(32)] {
        assert_eq!(browser.send(note(generation)).await.status, 303);
        assert_eq!(app.browser().send(note(generation)).await.status, 303);
    }
    // The header counts if both are present.
    let mut request = note(&own);
    let header = HeaderValue::try_from("0".repeat(32)).unwrap();
    request.headers_mut().insert(GENERATION_HEADER, header);
    assert_eq!(browser.send(request).await.status, 303);
    assert_eq!(app.count("select count(*) from dwell_drafts").await, 0);
}

// F3, K1
#[tokio::test]
async fn a_note_sent_with_another_cookie_or_none_is_kept_for_its_author() {
    let app = TestApp::new().await;
    let grace = app.another_account("grace@example.com").await;
    let mut hers = app.in_session_of(grace).await;
    let notes_of_hers = hers.generation().await.to_string();
    for reason in [None, Some(EndReason::SignedOut)] {
        let his = match reason {
            None => app.in_session().await.generation().await.to_string(),
            Some(reason) => ended(&app, reason).await.1,
        };
        for mut sender in [hers.clone(), app.browser()] {
            let answer = sender.send(note(&his)).await;
            assert_eq!(
                answer.status == 409,
                sender.cookie().is_some(),
                "{answer:?}"
            );
            let says_so = answer.body.contains("kept as a draft");
            assert_eq!(says_so, sender.cookie().is_some());
            assert!(!answer.body.contains(TEXT) && !answer.body.contains(EMAIL));
            assert_eq!(app.count(KEPT).await, 1);
            let page = app.in_session().await.visit("/workspace").await;
            assert!(page.body.contains(TEXT));
            sqlx::query("delete from dwell_drafts")
                .execute(&app.pool)
                .await
                .unwrap();
        }
    }
    let page = hers.visit("/workspace").await;
    assert!(!page.body.contains(TEXT) && page.body.contains(&notes_of_hers));
    assert_eq!(app.count("select count(*) from notes").await, 0);
}

// F3, J3
#[tokio::test]
async fn a_note_from_before_a_new_sign_in_is_kept_and_the_answer_says_so() {
    let app = TestApp::new().await;
    let (mut browser, before) = ended(&app, EndReason::IdleTimeout).await;
    browser.sign_in(EMAIL, PASSWORD).await;
    let answer = browser.send(note(&before)).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("kept as a draft"));
    assert!(browser.visit("/workspace").await.body.contains(TEXT));

    // As scripts send it.
    let fields = [
        (DRAFT_FIELD, "11111111111111111111111111111111"),
        (DRAFT_FORM_FIELD, NOTE_FORM),
        ("text", "by a script"),
    ];
    let mut request = form(by_script(Method::POST, DRAFTS_PATH), &fields);
    let generation = HeaderValue::from_str(&before).unwrap();
    request.headers_mut().insert(GENERATION_HEADER, generation);
    let answer = browser.send(request).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.json()["error"], "another_session");
    assert!(
        browser
            .visit("/workspace")
            .await
            .body
            .contains("by a script")
    );

    // A blank text, or one of another form, is not kept, and the answer does not say that it is.
    let fields = [(GENERATION_FIELD, before.as_str()), ("text", " ")];
    let answer = browser.submit("/workspace", &fields).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("Nothing was changed"));
    assert_eq!(app.count(KEPT).await, 2);
}

// F3, K2, K3
#[tokio::test]
async fn requests_other_than_a_post_of_the_form_are_not_kept() {
    let app = TestApp::new().await;
    let (mut browser, own) = ended(&app, EndReason::IdleTimeout).await;
    let mut foreign = note(&own);
    let site = HeaderValue::from_static("cross-site");
    foreign.headers_mut().insert("sec-fetch-site", site);
    assert_eq!(browser.send(foreign).await.status, 403);

    let mut json = note(&own);
    let kind = HeaderValue::from_static("application/json");
    json.headers_mut().insert("content-type", kind);
    assert_eq!(browser.send(json).await.status, 303);

    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let mut other = note(&own);
        *other.method_mut() = method;
        assert_eq!(browser.send(other).await.status, 303);
    }
    let in_query = format!("/workspace?generation={own}&draft={DRAFT}&text=forged");
    assert_eq!(browser.visit(&in_query).await.status, 303);
    for path in ["/workspace/delete", "/drafts/discard", "/account"] {
        let mut elsewhere = note(&own);
        *elsewhere.uri_mut() = path.parse().unwrap();
        assert_eq!(browser.send(elsewhere).await.status, 303, "{path}");
    }
    assert_eq!(app.count("select count(*) from dwell_drafts").await, 0);
}

// F3
#[tokio::test]
async fn a_note_that_was_saved_or_discarded_before_is_not_kept_again() {
    let app = TestApp::new().await;
    let mut other = app.in_session().await.with_generation().await;
    let fields = [("text", TEXT), (DRAFT_FIELD, DRAFT)];
    assert_eq!(other.submit("/workspace", &fields).await.status, 303);
    let (mut browser, generation) = ended(&app, EndReason::IdleTimeout).await;
    assert_eq!(browser.send(note(&generation)).await.status, 303);
    assert_eq!(app.count(KEPT).await, 0);
}

// F3
#[tokio::test]
async fn a_note_without_a_draft_of_its_own_is_kept_under_a_new_one() {
    let app = TestApp::new().await;
    let (mut browser, generation) = ended(&app, EndReason::IdleTimeout).await;
    for (kept, draft, text) in [(1, "", TEXT), (2, "nonsense", "Another"), (2, "", TEXT)] {
        let fields = [
            (GENERATION_FIELD, generation.as_str()),
            (DRAFT_FIELD, draft),
            ("text", text),
        ];
        assert_eq!(browser.submit("/workspace", &fields).await.status, 303);
        assert_eq!(app.count(KEPT).await, kept);
    }
}

// F3: the sender is told if something cannot be kept.
#[tokio::test]
async fn a_late_note_that_cannot_be_kept_is_refused_with_an_error() {
    let app = TestApp::new().await;
    let (mut browser, generation) = ended(&app, EndReason::IdleTimeout).await;
    let long = "x".repeat(100_000);
    let fields = [(GENERATION_FIELD, generation.as_str()), ("text", &long)];
    let answer = browser.submit("/workspace", &fields).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("Go back and send less"));

    sqlx::query("alter table dwell_drafts rename to lost")
        .execute(&app.pool)
        .await
        .unwrap();
    let answer = browser.send(note(&generation)).await;
    assert_eq!(answer.status, 503);
    assert!(!answer.body.contains(TEXT) && !answer.body.contains(EMAIL));
    assert_eq!(browser.send(note("")).await.status, 303);
}

// F3
#[tokio::test]
async fn an_old_cookie_cannot_replace_drafts_of_another_session() {
    let app = TestApp::new().await;
    let (mut dead, generation) = ended(&app, EndReason::SignedOut).await;
    let mut browser = app.in_session().await.with_generation().await;
    for number in 0..DraftLimits::default().per_person {
        let text = format!("later {number}.");
        let answer = browser.save_draft(&format!("{number:032x}"), &text).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    let mut refused = 0;
    for number in 0..DraftLimits::default().per_person {
        let fields = [
            (GENERATION_FIELD, generation.as_str()),
            (DRAFT_FIELD, &format!("{number:032x}")),
            ("text", &format!("late {number}.")),
        ];
        match dead.submit("/workspace", &fields).await.status.as_u16() {
            303 => {}
            429 => refused += 1,
            status => panic!("{status}"),
        }
    }
    assert_eq!(
        refused,
        DraftLimits::default().per_person - DraftLimits::default().late_per_session,
        "only a few are kept, under ids of their own"
    );
    let page = browser.visit("/workspace").await;
    for number in 0..DraftLimits::default().per_person {
        assert!(page.body.contains(&format!("later {number}.")), "{number}");
    }
    assert!(page.body.contains("late 0.") && !page.body.contains("late 3."));

    // An empty form does not delete the draft either.
    let fields = [
        (GENERATION_FIELD, generation.as_str()),
        (DRAFT_FIELD, &"0".repeat(32)),
        ("text", " "),
    ];
    assert_eq!(dead.submit("/workspace", &fields).await.status, 303);
    assert!(browser.visit("/workspace").await.body.contains("later 0."));
}

// F3
#[tokio::test]
async fn a_late_note_replaces_the_draft_that_its_own_page_saved() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await.with_generation().await;
    let generation = browser.generation().await.to_string();
    browser.save_draft(DRAFT, "Half a").await;
    app.advance(app.policy.idle());
    assert_eq!(browser.send(note(&generation)).await.status, 303);
    assert_eq!(app.count(KEPT).await, 1);
    let page = app.in_session().await.visit("/workspace").await;
    assert!(page.body.contains(TEXT));
}

// F3
#[tokio::test]
async fn nothing_is_kept_once_the_tombstone_is_deleted() {
    let app = TestApp::new().await;
    let (mut browser, generation) = ended(&app, EndReason::IdleTimeout).await;
    app.advance(Duration::from_secs(31 * 24 * 60 * 60));
    app.dwell.forget_tombstones().await.unwrap();
    assert_eq!(browser.send(note(&generation)).await.status, 303);
    assert_eq!(app.count(KEPT).await, 0);
}

// F3
#[tokio::test]
async fn a_changed_text_of_a_saved_or_discarded_note_is_kept_when_it_is_sent_late() {
    for is_discarded in [false, true] {
        for case in ["the cookie of its own", "a newer cookie", "no cookie"] {
            let app = TestApp::new().await;
            let mut browser = app.in_session().await;
            let generation = browser.generation().await.to_string();
            let fields = [
                (GENERATION_FIELD, generation.as_str()),
                ("text", "before"),
                (DRAFT_FIELD, DRAFT),
            ];
            if is_discarded {
                let mut page = browser.clone().with_generation().await;
                assert_eq!(page.save_draft(DRAFT, "before").await.status, 204);
                assert_eq!(browser.submit("/drafts/discard", &fields).await.status, 303);
            } else {
                assert_eq!(browser.submit("/workspace", &fields).await.status, 303);
            }
            match case {
                "no cookie" => browser = app.browser(),
                "a newer cookie" => drop(browser.sign_in(EMAIL, PASSWORD).await),
                _ => app.advance(app.policy.idle()),
            }
            // A text that was saved or discarded before need not be kept.
            let again = browser.submit("/workspace", &fields).await;
            assert!(!again.body.contains("kept as a draft"), "{case}");
            assert_eq!(app.count(KEPT).await, 0, "{case}");

            let answer = browser.send(note(&generation)).await;
            let says_so = answer.body.contains("kept as a draft");
            assert_eq!(says_so, answer.status == 409, "{case}");
            assert_eq!(app.count(KEPT).await, 1, "{case} {is_discarded}");
            let page = app.in_session().await.visit("/workspace").await;
            assert!(page.body.contains(TEXT));
        }
    }
}

// F3
#[tokio::test]
async fn another_persons_generation_does_not_allow_overwriting_their_drafts() {
    for is_live in [true, false] {
        let app = TestApp::new().await;
        let grace = app.another_account("grace@example.com").await;
        let mut browser = app.in_session().await.with_generation().await;
        let generation = browser.generation().await.to_string();
        assert_eq!(browser.save_draft(DRAFT, "precious").await.status, 204);
        if !is_live {
            browser.sign_out().await;
        }
        for mut other in [app.browser(), app.in_session_of(grace).await] {
            other.send(note(&generation)).await;
        }
        let page = app.in_session().await.visit("/workspace").await;
        assert!(page.body.contains("precious") && page.body.contains(TEXT));
        assert_eq!(app.count(KEPT).await, 2);
    }
}
