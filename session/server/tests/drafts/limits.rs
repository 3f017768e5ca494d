//! Tests of the limits on the size, the number and the rate of drafts.

use std::time::Duration;

use dwell::drafts::{DraftError, DraftLimits, LARGEST_DRAFT, LONGEST_FORM_NAME};

use crate::bench::{Bench, INVOICE, MS, TEXT, ada, draft_id, form, grace, text_field};

on_every_engine! {
    the_oldest_draft_is_deleted_beyond_the_limit,
    the_draft_that_was_just_saved_is_never_deleted,
    the_number_of_drafts_is_a_setting,
    a_draft_that_is_too_large_is_refused_and_changes_nothing,
    invalid_names_of_forms_are_refused,
    only_a_person_who_saves_too_often_is_refused,
}

// F3
async fn the_oldest_draft_is_deleted_beyond_the_limit(bench: &Bench) {
    let (ada, grace) = (ada(), grace());
    let person = &ada.person;
    let max = bench.limits.per_person;
    bench.save(&grace, draft_id(0), "hers").await.unwrap();
    let used_up = draft_id(1_000);
    bench.save(&ada, used_up, TEXT).await.unwrap();
    bench.drafts.discard(person, used_up).await.unwrap();
    for number in 0..=max {
        let text = format!("thought {number}");
        bench.save_after_pause(&ada, draft_id(number), &text).await;
        let expected = (number + 1).min(max) as usize;
        assert_eq!(bench.list(person).await.len(), expected);
    }
    assert_eq!(bench.text(person, draft_id(0)).await, None);
    assert!(bench.text(person, draft_id(1)).await.is_some());
    assert_eq!(bench.texts(&grace.person).await, ["hers"]);
    let saved = bench.save(&ada, used_up, TEXT).await;
    assert!(matches!(saved, Err(DraftError::UsedUp)), "{saved:?}");

    // A used-up draft does not count.
    bench.drafts.discard(person, draft_id(max)).await.unwrap();
    bench
        .save(&ada, draft_id(2_000), "in its place")
        .await
        .unwrap();
    assert_eq!(bench.list(person).await.len(), max as usize);
    assert!(bench.text(person, draft_id(1)).await.is_some());

    // Drafts of all forms count together.
    let fields = text_field(TEXT);
    bench.advance(MS);
    let saved = bench
        .drafts
        .save(&ada, draft_id(3_000), form("order", &fields));
    saved.await.unwrap();
    assert_eq!(bench.list(person).await.len(), max as usize - 1);
    assert_eq!(bench.text(person, draft_id(1)).await, None);
}

// F3
async fn the_draft_that_was_just_saved_is_never_deleted(bench: &Bench) {
    let ada = ada();
    for number in 0..3 * bench.limits.per_person {
        // All are saved in the same millisecond.
        let id = draft_id(number.wrapping_mul(0x9E37_79B9));
        bench.save(&ada, id, TEXT).await.unwrap();
        assert_eq!(bench.text(&ada.person, id).await.unwrap(), TEXT);
    }
    let left = bench.list(&ada.person).await.len();
    assert_eq!(left, bench.limits.per_person as usize);
}

async fn the_number_of_drafts_is_a_setting(bench: &Bench) {
    let ada = ada();
    let drafts = bench.with_limits(DraftLimits {
        per_person: 2,
        ..bench.limits
    });
    let fields = text_field(TEXT);
    for number in 0..5 {
        let saved = drafts.save(&ada, draft_id(number), form(INVOICE, &fields));
        saved.await.unwrap();
        bench.advance(MS);
    }
    let ids: Vec<_> = bench
        .list(&ada.person)
        .await
        .iter()
        .map(|draft| draft.id)
        .collect();
    assert_eq!(ids, [draft_id(4), draft_id(3)]);
}

// F3
async fn a_draft_that_is_too_large_is_refused_and_changes_nothing(bench: &Bench) {
    let ada = ada();
    let around = r#"[["text",""]]"#.len();
    let largest = LARGEST_DRAFT - around;
    bench.save(&ada, draft_id(1), TEXT).await.unwrap();
    for length in [largest + 1, 300 * 1024, 3 * 1024 * 1024] {
        let saved = bench.save(&ada, draft_id(1), &"x".repeat(length)).await;
        assert!(matches!(saved, Err(DraftError::TooLarge)), "{length}");
        assert_eq!(bench.text(&ada.person, draft_id(1)).await.unwrap(), TEXT);
    }
    let text = "x".repeat(largest);
    bench.save(&ada, draft_id(1), &text).await.unwrap();
    assert_eq!(bench.text(&ada.person, draft_id(1)).await.unwrap(), text);
}

async fn invalid_names_of_forms_are_refused(bench: &Bench) {
    let ada = ada();
    let fields = text_field(TEXT);
    let longest = "é".repeat(LONGEST_FORM_NAME / 2);
    for name in ["i", &longest] {
        let id = draft_id(1);
        bench
            .drafts
            .save(&ada, id, form(name, &fields))
            .await
            .unwrap();
        let drafts = bench.drafts.list(&ada.person, name).await.unwrap();
        assert_eq!(drafts.len(), 1);
        assert_eq!(drafts[0].form, name);
    }
    let too_long = "a".repeat(LONGEST_FORM_NAME + 1);
    for name in ["", "a\0", "a\nb", "\u{85}", &too_long] {
        let content = form(name, &fields);
        let saved = bench.drafts.save(&ada, draft_id(2), content).await;
        assert!(
            matches!(saved, Err(DraftError::InvalidFormName)),
            "{name:?}"
        );
        let late = crate::bench::sent_late(None);
        let saved = bench.drafts.save_late(&ada, content, late).await;
        assert!(
            matches!(saved, Err(DraftError::InvalidFormName)),
            "{name:?}"
        );
        let drafts = bench.drafts.list(&ada.person, name).await.unwrap();
        assert_eq!(drafts, [], "{name:?}");
    }
    assert_eq!(bench.count().await, 1);
}

// F3
async fn only_a_person_who_saves_too_often_is_refused(bench: &Bench) {
    let (ada, grace) = (ada(), grace());
    for _ in 0..120 {
        bench.save(&ada, draft_id(1), TEXT).await.unwrap();
    }
    for text in ["one more", ""] {
        let saved = bench
            .drafts
            .clone()
            .save(&ada, draft_id(1), form(INVOICE, &text_field(text)))
            .await;
        assert!(matches!(saved, Err(DraftError::TooOften)), "{saved:?}");
    }
    assert_eq!(bench.texts(&ada.person).await, [TEXT]);
    bench.save(&grace, draft_id(1), TEXT).await.unwrap();
    bench.advance(Duration::from_millis(500));
    bench.save(&ada, draft_id(1), "one more").await.unwrap();
    assert_eq!(bench.texts(&ada.person).await, ["one more"]);
}
