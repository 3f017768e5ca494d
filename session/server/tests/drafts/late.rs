//! Tests that a form that is sent after the end of its session is kept for its person and
//! overwrites nothing.

use dwell::drafts::{DraftError, DraftLimits, LateForm, LateLimits, LateSave, NewDraft};

use crate::bench::{
    Bench, INVOICE, MS, TEXT, ada, author, draft_id, form, grace, sent_late, text_field,
};

on_every_engine! {
    a_late_form_is_kept_for_its_person,
    a_late_form_without_an_id_is_kept_once_under_a_new_id,
    a_late_form_replaces_the_draft_of_its_own_page,
    a_late_form_replaces_no_other_draft,
    a_late_form_without_the_cookie_overwrites_nothing,
    a_blank_late_form_is_not_kept_and_deletes_no_draft,
    a_late_form_with_a_used_up_draft_is_kept_if_it_was_sent_with_another_text,
    late_forms_of_one_session_are_limited,
    late_forms_of_one_person_are_limited,
    late_drafts_and_others_are_counted_separately,
    a_late_draft_that_is_saved_in_a_session_no_longer_counts_as_late,
    a_late_form_that_is_too_large_is_an_error,
    a_draft_that_was_saved_in_the_meantime_is_not_overwritten,
}

const SAVED_LATE: LateForm = LateForm {
    draft: None,
    is_sent: false,
    has_cookie: true,
};

// F3
async fn a_late_form_is_kept_for_its_person(bench: &Bench) {
    let ada = ada();
    let id = draft_id(1);
    for late in [
        sent_late(id),
        LateForm {
            draft: Some(id),
            ..SAVED_LATE
        },
    ] {
        assert!(bench.save_late(&ada, late, TEXT).await.unwrap());
        assert_eq!(bench.text(&ada.person, id).await.unwrap(), TEXT);
        assert!(bench.list(&grace().person).await.is_empty());
        bench.advance(bench.limits.retention - MS);
        assert_eq!(bench.texts(&ada.person).await, [TEXT]);
        bench.advance(MS);
        assert!(bench.list(&ada.person).await.is_empty());
        bench.drafts.sweep().await.unwrap();
    }
}

// F3
async fn a_late_form_without_an_id_is_kept_once_under_a_new_id(bench: &Bench) {
    let ada = ada();
    for (expected, text) in [(1, TEXT), (2, "Another"), (2, TEXT)] {
        assert!(bench.save_late(&ada, sent_late(None), text).await.unwrap());
        assert_eq!(bench.list(&ada.person).await.len(), expected);
    }
    // The same text in another form is kept too.
    let fields = text_field(TEXT);
    let order = form("order", &fields);
    let saved = bench.drafts.save_late(&ada, order, sent_late(None)).await;
    assert!(saved.unwrap());
    assert_eq!(bench.count().await, 3);
}

// F3
async fn a_late_form_replaces_the_draft_of_its_own_page(bench: &Bench) {
    let ada = ada();
    let id = draft_id(1);
    bench.save(&ada, id, "Half a").await.unwrap();
    bench.advance(MS);
    assert!(bench.save_late(&ada, sent_late(id), TEXT).await.unwrap());
    let [draft] = bench.list(&ada.person).await.try_into().unwrap();
    assert_eq!(draft.id, id);
    assert_eq!(draft.field("text"), TEXT);
    assert_eq!(draft.saved_at, bench.now());
    // This can be repeated.
    for number in 0..10 {
        let text = format!("{TEXT} {number}");
        assert!(bench.save_late(&ada, sent_late(id), &text).await.unwrap());
        assert_eq!(bench.texts(&ada.person).await, [text]);
    }
}

// F3
async fn a_late_form_replaces_no_other_draft(bench: &Bench) {
    let in_another_session = author("ada", 99);
    let before = "precious";
    for (number, author, name) in [(1, &in_another_session, INVOICE), (2, &ada(), "order")] {
        let id = draft_id(number);
        let fields = text_field(before);
        let saved = bench.drafts.save(author, id, form(name, &fields));
        saved.await.unwrap();
        let text = format!("late {number}");
        assert!(bench.save_late(&ada(), sent_late(id), &text).await.unwrap());
        let person = &ada().person;
        assert_eq!(bench.text(person, id).await.unwrap(), before);
        assert!(bench.texts(person).await.contains(&text));
    }
    assert_eq!(bench.count().await, 4);
}

// F3
async fn a_late_form_without_the_cookie_overwrites_nothing(bench: &Bench) {
    let ada = ada();
    let id = draft_id(1);
    bench.save(&ada, id, "precious").await.unwrap();
    let late = LateForm {
        has_cookie: false,
        ..sent_late(id)
    };
    assert!(bench.save_late(&ada, late, TEXT).await.unwrap());
    assert_eq!(bench.text(&ada.person, id).await.unwrap(), "precious");
    assert_eq!(bench.list(&ada.person).await.len(), 2);
}

// F3
async fn a_blank_late_form_is_not_kept_and_deletes_no_draft(bench: &Bench) {
    let ada = ada();
    let id = draft_id(1);
    bench.save(&ada, id, TEXT).await.unwrap();
    for late in [sent_late(id), sent_late(None), SAVED_LATE] {
        assert!(!bench.save_late(&ada, late, " \r\n").await.unwrap());
    }
    assert_eq!(bench.texts(&ada.person).await, [TEXT]);
    assert_eq!(bench.count().await, 1);
}

// F3
async fn a_late_form_with_a_used_up_draft_is_kept_if_it_was_sent_with_another_text(bench: &Bench) {
    let ada = ada();
    let person = &ada.person;
    for (number, is_discarded) in [(1, true), (2, false)] {
        let id = draft_id(number);
        bench.save(&ada, id, "before").await.unwrap();
        match is_discarded {
            true => bench.drafts.discard(person, id).await.unwrap(),
            false => bench.drafts.use_up(person, id).await.unwrap(),
        }
        let saved = LateForm {
            draft: Some(id),
            ..SAVED_LATE
        };
        assert!(!bench.save_late(&ada, saved, TEXT).await.unwrap());
        if is_discarded {
            let again = bench.save_late(&ada, sent_late(id), "before").await;
            assert!(!again.unwrap(), "this text was discarded");
        }
        assert!(bench.list(person).await.is_empty());

        for has_cookie in [true, false] {
            let late = LateForm {
                has_cookie,
                ..sent_late(id)
            };
            let text = format!("{TEXT} {number} {has_cookie}");
            assert!(bench.save_late(&ada, late, &text).await.unwrap());
            assert_eq!(bench.texts(person).await, [text]);
            assert_eq!(bench.text(person, id).await, None);
            let [draft] = bench.list(person).await.try_into().unwrap();
            bench.store.delete(person, draft.id).await.unwrap();
        }
    }
}

// F3
async fn late_forms_of_one_session_are_limited(bench: &Bench) {
    let ada = ada();
    let max = bench.limits.late_per_session;
    for number in 0..max + 3 {
        bench.advance(MS);
        let text = format!("late {number}");
        let saved = bench
            .save_late(&ada, sent_late(draft_id(number)), &text)
            .await;
        match number < max {
            true => assert!(saved.unwrap()),
            false => assert!(matches!(saved, Err(DraftError::TooManyLate)), "{saved:?}"),
        }
    }
    // Kept forms can still be replaced by their own page, and sent again.
    let id = draft_id(0);
    assert!(
        bench
            .save_late(&ada, sent_late(id), "late 0 and more")
            .await
            .unwrap()
    );
    assert!(
        bench
            .save_late(&ada, sent_late(None), "late 1")
            .await
            .unwrap()
    );
    let other = author("ada", 2);
    assert!(
        bench
            .save_late(&other, sent_late(None), "of another")
            .await
            .unwrap()
    );
    assert!(
        bench
            .save_late(&grace(), sent_late(None), "hers")
            .await
            .unwrap()
    );
    let mut texts = bench.texts(&ada.person).await;
    texts.sort_unstable();
    assert_eq!(texts, ["late 0 and more", "late 1", "late 2", "of another"]);

    // Discarding a draft makes no room until it is deleted.
    bench.drafts.discard(&ada.person, id).await.unwrap();
    let saved = bench.save_late(&ada, sent_late(None), "one more").await;
    assert!(matches!(saved, Err(DraftError::TooManyLate)), "{saved:?}");
}

// F3
async fn late_forms_of_one_person_are_limited(bench: &Bench) {
    let max = bench.limits.late_per_person;
    for number in 0..max + 2 {
        let author = author("ada", u128::from(number));
        let text = format!("late {number}");
        let saved = bench.save_late(&author, sent_late(None), &text).await;
        match number < max {
            true => assert!(saved.unwrap()),
            false => assert!(matches!(saved, Err(DraftError::TooManyLate)), "{saved:?}"),
        }
    }
    assert_eq!(bench.list(&ada().person).await.len(), max as usize);

    let more = bench.with_limits(DraftLimits {
        late_per_person: max + 1,
        late_per_session: 1,
        ..bench.limits
    });
    for (text, is_kept) in [("one more", true), ("and another", false)] {
        let fields = text_field(text);
        let author = author("ada", 1_000);
        let saved = more
            .save_late(&author, form(INVOICE, &fields), sent_late(None))
            .await;
        assert_eq!(saved.is_ok(), is_kept);
    }
}

// F3
async fn late_drafts_and_others_are_counted_separately(bench: &Bench) {
    let ada = ada();
    let person = &ada.person;
    let max = bench.limits.per_person;
    for number in 0..max {
        let text = format!("saved {number}");
        bench.save_after_pause(&ada, draft_id(number), &text).await;
    }
    let mut late = 0;
    for number in 0..max {
        let other = author("ada", 99);
        let text = format!("late {number}");
        match bench
            .save_late(&other, sent_late(draft_id(number)), &text)
            .await
        {
            Ok(is_kept) => late += u32::from(is_kept),
            Err(error) => assert!(matches!(error, DraftError::TooManyLate), "{error:?}"),
        }
    }
    assert_eq!(late, bench.limits.late_per_session);
    for number in 0..max {
        let text = bench.text(person, draft_id(number)).await;
        assert_eq!(text.unwrap(), format!("saved {number}"));
    }
    bench.save_after_pause(&ada, draft_id(1_000), TEXT).await;
    assert_eq!(bench.text(person, draft_id(0)).await, None);
    let texts = bench.texts(person).await;
    assert_eq!(
        texts.iter().filter(|text| text.starts_with("late")).count(),
        3
    );
    assert_eq!(texts.len(), (max + late) as usize);
}

// F3
async fn a_late_draft_that_is_saved_in_a_session_no_longer_counts_as_late(bench: &Bench) {
    let ada = ada();
    for number in 0..bench.limits.late_per_session {
        let text = format!("late {number}");
        assert!(
            bench
                .save_late(&ada, sent_late(draft_id(number)), &text)
                .await
                .unwrap()
        );
    }
    let saved = bench.save_late(&ada, sent_late(None), TEXT).await;
    assert!(matches!(saved, Err(DraftError::TooManyLate)), "{saved:?}");
    let drafts = bench.with_limits(DraftLimits {
        late_per_person: bench.limits.late_per_session,
        ..bench.limits
    });
    let later = author("ada", 7);
    let fields = text_field(TEXT);
    let another = form(INVOICE, &fields);
    let saved = drafts.save_late(&later, another, sent_late(None)).await;
    assert!(matches!(saved, Err(DraftError::TooManyLate)), "{saved:?}");
    bench.save(&later, draft_id(0), "put back").await.unwrap();
    let saved = drafts.save_late(&later, another, sent_late(None)).await;
    assert!(saved.unwrap());

    let saved = bench.save_late(&ada, sent_late(None), "more").await;
    assert!(saved.unwrap(), "two late drafts are left of this session");
    // The draft was last saved in the later session, so the page of the earlier one does not
    // replace it.
    let saved = bench.save_late(&ada, sent_late(draft_id(0)), "stale").await;
    assert!(matches!(saved, Err(DraftError::TooManyLate)), "{saved:?}");
    let text = bench.text(&ada.person, draft_id(0)).await;
    assert_eq!(text.unwrap(), "put back");
}

// F3: it is an error, so the text is not lost silently.
async fn a_late_form_that_is_too_large_is_an_error(bench: &Bench) {
    let text = "x".repeat(100_000);
    let saved = bench.save_late(&ada(), sent_late(None), &text).await;
    assert!(matches!(saved, Err(DraftError::TooLarge)), "{saved:?}");
    bench
        .execute("alter table dwell_drafts rename to lost")
        .await;
    let saved = bench.save_late(&ada(), sent_late(None), TEXT).await;
    assert!(matches!(saved, Err(DraftError::Store(_))), "{saved:?}");
}

/// Tests the store alone, because the draft may change between a lookup and the write.
async fn a_draft_that_was_saved_in_the_meantime_is_not_overwritten(bench: &Bench) {
    let ada = ada();
    let person = &ada.person;
    let limits = LateLimits {
        per_session: 3,
        per_person: 20,
    };
    let [open, used_up, unknown] = [draft_id(1), draft_id(2), draft_id(3)];
    let draft = |id, form, session| NewDraft {
        person,
        id,
        form,
        fields: r#"[["text","late"]]"#,
        session,
        saved_at: bench.now(),
        expires_at: bench.now() + bench.limits.retention,
    };
    bench.save(&ada, open, TEXT).await.unwrap();
    bench.drafts.use_up(person, used_up).await.unwrap();

    for id in [open, used_up] {
        let inserted = bench
            .store
            .insert_late(draft(id, INVOICE, ada.session), limits);
        assert_eq!(inserted.await.unwrap(), LateSave::IdTaken);
    }
    let another_session = author("ada", 99).session;
    for (id, form, session) in [
        (open, "order", ada.session),
        (open, INVOICE, another_session),
        (used_up, "", ada.session),
        (unknown, INVOICE, ada.session),
    ] {
        let replaced = bench.store.replace_late(draft(id, form, session), limits);
        assert_eq!(replaced.await.unwrap(), LateSave::IdTaken, "{form}");
    }
    assert_eq!(bench.texts(person).await, [TEXT]);
    assert_eq!(bench.count().await, 2);

    let own = draft(open, INVOICE, ada.session);
    let replaced = bench.store.replace_late(own, limits).await;
    assert_eq!(replaced.unwrap(), LateSave::Saved);
    let none = LateLimits {
        per_session: 0,
        ..limits
    };
    for written in [
        bench.store.replace_late(own, none).await,
        bench
            .store
            .insert_late(draft(unknown, INVOICE, ada.session), none)
            .await,
    ] {
        assert_eq!(written.unwrap(), LateSave::TooMany);
    }
}
