//! Tests that drafts are returned to the person who typed them, and to nobody else.

use std::time::Duration;

use dwell::{Maintenance, drafts::Draft};

use crate::bench::{Bench, INVOICE, MS, TEXT, ada, author, draft_id, form, grace, text_field};

on_every_engine! {
    a_draft_is_returned_to_its_person_in_any_session,
    other_people_cannot_read_or_change_a_draft,
    two_tabs_have_two_drafts_and_the_latest_comes_first,
    each_form_has_its_own_drafts,
    texts_are_stored_unchanged,
    an_emptied_form_has_no_draft,
    a_draft_expires_after_it_was_last_saved,
    expired_drafts_are_deleted_in_small_steps,
}

// F3
async fn a_draft_is_returned_to_its_person_in_any_session(bench: &Bench) {
    let id = draft_id(1);
    let saved_at = bench.now();
    bench.save(&ada(), id, TEXT).await.unwrap();
    bench.advance(MS);
    let draft = Draft {
        id,
        form: INVOICE.to_owned(),
        fields: text_field(TEXT),
        saved_at,
    };
    let person = ada().person;
    let found = bench.drafts.find(&person, id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&draft));
    assert_eq!(bench.list(&person).await, [draft]);
    assert_eq!(bench.outcome(&person, id).await, None);

    let later = author("ada", 7);
    bench.save(&later, id, "a whole one").await.unwrap();
    assert_eq!(bench.texts(&person).await, ["a whole one"]);
}

// F3
async fn other_people_cannot_read_or_change_a_draft(bench: &Bench) {
    let id = draft_id(1);
    let (ada, grace) = (ada(), grace());
    bench.save(&ada, id, TEXT).await.unwrap();

    assert_eq!(bench.text(&grace.person, id).await, None);
    assert!(bench.list(&grace.person).await.is_empty());
    bench.save(&grace, id, "hers").await.unwrap();
    bench.save(&grace, id, "").await.unwrap();
    bench.save(&grace, id, "hers").await.unwrap();
    bench.drafts.discard(&grace.person, id).await.unwrap();
    bench.drafts.use_up(&grace.person, id).await.unwrap();

    assert_eq!(bench.text(&ada.person, id).await.unwrap(), TEXT);
    bench.save(&ada, id, "still open").await.unwrap();
}

// F3
async fn two_tabs_have_two_drafts_and_the_latest_comes_first(bench: &Bench) {
    let ada = ada();
    let [one, other] = [draft_id(1), draft_id(2)];
    bench.save(&ada, one, "in one tab").await.unwrap();
    bench.advance(MS);
    bench.save(&ada, other, "in the other").await.unwrap();
    bench.save(&ada, other, "in the other tab").await.unwrap();
    let texts = bench.texts(&ada.person).await;
    assert_eq!(texts, ["in the other tab", "in one tab"]);
    assert_eq!(bench.count().await, 2);

    bench.drafts.discard(&ada.person, one).await.unwrap();
    assert_eq!(bench.texts(&ada.person).await, ["in the other tab"]);
}

// F3
async fn each_form_has_its_own_drafts(bench: &Bench) {
    let ada = ada();
    for (number, name) in [(1, "invoice"), (2, "invoice/7"), (3, "Rückfrage")] {
        let fields = text_field(name);
        let saved = bench
            .drafts
            .save(&ada, draft_id(number), form(name, &fields));
        saved.await.unwrap();
    }
    for (number, name) in [(1, "invoice"), (2, "invoice/7"), (3, "Rückfrage")] {
        let drafts = bench.drafts.list(&ada.person, name).await.unwrap();
        let ids: Vec<_> = drafts.iter().map(|draft| draft.id).collect();
        assert_eq!(ids, [draft_id(number)], "{name}");
        assert_eq!(drafts[0].form, name);
    }
    let none = bench.drafts.list(&ada.person, "INVOICE").await.unwrap();
    assert_eq!(none, []);
}

// F3
async fn texts_are_stored_unchanged(bench: &Bench) {
    let ada = ada();
    let hostile = [
        "</textarea><script>alert(1)</script>\"'&",
        "'; drop table dwell_drafts; --",
        "a\0b\u{1}\u{7f}\u{85}",
        " \r\n\ttabs and lines \n",
        "\u{1f4dd} \u{202e}x \u{fffd} é e\u{301}",
        "$1 ?1 :a @b {} \\ %00",
    ];
    let fields: Vec<_> = hostile
        .iter()
        .map(|text| ((*text).to_owned(), (*text).to_owned()))
        .chain([("".to_owned(), "".to_owned())])
        .chain(hostile.map(|text| ("twice".to_owned(), text.to_owned())))
        .collect();
    let saved = bench.drafts.save(&ada, draft_id(1), form(INVOICE, &fields));
    saved.await.unwrap();
    let draft = bench.list(&ada.person).await.remove(0);
    assert_eq!(draft.fields, fields);
    assert_eq!(draft.field("twice"), hostile[0]);
    assert_eq!(draft.field("unknown"), "");
}

// F3
async fn an_emptied_form_has_no_draft(bench: &Bench) {
    let ada = ada();
    for blank in ["", " \r\n\t\u{a0}"] {
        bench.save(&ada, draft_id(1), TEXT).await.unwrap();
        bench.save(&ada, draft_id(1), blank).await.unwrap();
        assert_eq!(bench.count().await, 0);
        bench.save(&ada, draft_id(1), blank).await.unwrap();
        assert_eq!(bench.count().await, 0);
    }
    bench.save(&ada, draft_id(1), TEXT).await.unwrap();
    assert_eq!(bench.texts(&ada.person).await, [TEXT]);
}

// F3
async fn a_draft_expires_after_it_was_last_saved(bench: &Bench) {
    let ada = ada();
    let id = draft_id(1);
    let retention = bench.limits.retention;
    bench.save(&ada, id, TEXT).await.unwrap();
    bench.advance(retention - MS);
    assert_eq!(bench.texts(&ada.person).await, [TEXT]);
    bench.save(&ada, id, TEXT).await.unwrap();

    bench.advance(retention - MS);
    assert_eq!(bench.drafts.sweep().await.unwrap(), Maintenance::Done);
    assert_eq!(bench.texts(&ada.person).await, [TEXT]);
    assert!(bench.text(&ada.person, id).await.is_some());

    bench.advance(MS);
    assert!(bench.list(&ada.person).await.is_empty());
    assert_eq!(bench.text(&ada.person, id).await, None);
    assert_eq!(bench.count().await, 1);
    assert_eq!(bench.drafts.sweep().await.unwrap(), Maintenance::Done);
    assert_eq!(bench.count().await, 0);
}

// F3
async fn expired_drafts_are_deleted_in_small_steps(bench: &Bench) {
    for person in 0..15 {
        let author = author(&person.to_string(), 1);
        for number in 0..20 {
            bench.save(&author, draft_id(number), TEXT).await.unwrap();
        }
    }
    bench.advance(bench.limits.retention - Duration::from_secs(1));
    bench.save(&ada(), draft_id(1), TEXT).await.unwrap();
    bench.advance(Duration::from_secs(1));
    let mut left = bench.count().await;
    assert_eq!(left, 301);
    loop {
        let swept = bench.drafts.sweep().await.unwrap();
        let now = bench.count().await;
        assert!(left - now <= 100);
        left = now;
        match swept {
            Maintenance::MoreToDo => assert!(left >= 1),
            Maintenance::Done => break,
        }
    }
    assert_eq!(bench.texts(&ada().person).await, [TEXT]);
    assert_eq!(left, 1);
}
