//! Tests that a draft that was sent or discarded stays used up, and that a discarded draft can be
//! restored.

use std::time::Duration;

use dwell::drafts::{DraftError, DraftLimits, MAX_USED_UP, Outcome, USED_UP_RETENTION};

use crate::bench::{Bench, INVOICE, MS, TEXT, ada, draft_id, form, grace, text_field};

on_every_engine! {
    a_draft_that_is_used_up_stays_used_up_for_a_day,
    a_discarded_draft_can_be_restored_for_a_day,
    a_sent_draft_cannot_be_restored,
    drafts_with_the_same_content_are_discarded_together,
    the_time_for_restoring_a_draft_is_a_setting,
    the_oldest_used_up_draft_is_deleted_beyond_the_limit,
    discarding_or_restoring_an_unknown_draft_does_nothing,
}

// F3
async fn a_draft_that_is_used_up_stays_used_up_for_a_day(bench: &Bench) {
    let ada = ada();
    let person = &ada.person;
    for (number, is_sent, is_saved_before) in [(1, true, false), (2, true, true), (3, false, true)]
    {
        let id = draft_id(number);
        if is_saved_before {
            bench.save(&ada, id, TEXT).await.unwrap();
        }
        let expected = match is_sent {
            true => {
                bench.drafts.use_up(person, id).await.unwrap();
                Outcome::Sent
            }
            false => {
                bench.drafts.discard(person, id).await.unwrap();
                Outcome::Discarded
            }
        };
        for text in [TEXT, "", TEXT] {
            let saved = bench.save(&ada, id, text).await;
            match text {
                "" => saved.unwrap(),
                _ => assert!(matches!(saved, Err(DraftError::UsedUp)), "{saved:?}"),
            }
        }
        bench.advance(USED_UP_RETENTION - MS);
        bench.drafts.sweep().await.unwrap();
        let saved = bench.save(&ada, id, TEXT).await;
        assert!(matches!(saved, Err(DraftError::UsedUp)), "{saved:?}");
        assert_eq!(bench.outcome(person, id).await, Some(expected));
        assert_eq!(bench.text(person, id).await, None);
        assert!(bench.list(person).await.is_empty());

        bench.advance(MS);
        assert_eq!(bench.outcome(person, id).await, None);
        bench.drafts.sweep().await.unwrap();
        assert_eq!(bench.count().await, 0);
    }
}

// F3
async fn a_discarded_draft_can_be_restored_for_a_day(bench: &Bench) {
    let ada = ada();
    let person = &ada.person;
    let id = draft_id(1);
    bench.save(&ada, id, TEXT).await.unwrap();
    bench.drafts.discard(person, id).await.unwrap();
    bench.advance(bench.limits.undo - MS);
    assert!(!bench.drafts.restore(&grace().person, id).await.unwrap());
    assert!(bench.drafts.restore(person, id).await.unwrap());
    assert_eq!(bench.texts(person).await, [TEXT]);
    assert_eq!(bench.outcome(person, id).await, None);
    assert!(!bench.drafts.restore(person, id).await.unwrap());
    bench.save(&ada, id, "and more").await.unwrap();
    bench.advance(bench.limits.retention - MS);
    assert_eq!(bench.texts(person).await, ["and more"]);

    bench.drafts.discard(person, id).await.unwrap();
    bench.advance(bench.limits.undo);
    assert!(!bench.drafts.restore(person, id).await.unwrap());
    assert!(bench.list(person).await.is_empty());
}

// F3
async fn a_sent_draft_cannot_be_restored(bench: &Bench) {
    let ada = ada();
    let person = &ada.person;
    let id = draft_id(1);
    bench.save(&ada, id, TEXT).await.unwrap();
    bench.drafts.discard(person, id).await.unwrap();
    bench.drafts.use_up(person, id).await.unwrap();
    assert_eq!(bench.outcome(person, id).await, Some(Outcome::Sent));
    assert!(!bench.drafts.restore(person, id).await.unwrap());
    bench.drafts.discard(person, id).await.unwrap();
    assert_eq!(bench.outcome(person, id).await, Some(Outcome::Sent));
    assert!(bench.list(person).await.is_empty());
}

// F3
async fn drafts_with_the_same_content_are_discarded_together(bench: &Bench) {
    let ada = ada();
    let person = &ada.person;
    bench.save(&ada, draft_id(1), TEXT).await.unwrap();
    bench.save(&ada, draft_id(2), TEXT).await.unwrap();
    bench
        .save(&ada, draft_id(3), "something else")
        .await
        .unwrap();
    bench.save(&grace(), draft_id(1), TEXT).await.unwrap();
    let fields = text_field(TEXT);
    let saved = bench.drafts.save(&ada, draft_id(4), form("order", &fields));
    saved.await.unwrap();

    bench.drafts.discard(person, draft_id(1)).await.unwrap();
    for number in [1, 2] {
        let outcome = bench.outcome(person, draft_id(number)).await;
        assert_eq!(outcome, Some(Outcome::Discarded), "{number}");
    }
    assert_eq!(bench.texts(person).await, ["something else"]);
    let orders = bench.drafts.list(person, "order").await.unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!(bench.texts(&grace().person).await, [TEXT]);

    assert!(bench.drafts.restore(person, draft_id(2)).await.unwrap());
    assert_eq!(bench.text(person, draft_id(1)).await, None);
    assert_eq!(bench.text(person, draft_id(2)).await.unwrap(), TEXT);
    assert_eq!(bench.drafts.list(person, INVOICE).await.unwrap().len(), 2);
}

async fn the_time_for_restoring_a_draft_is_a_setting(bench: &Bench) {
    let ada = ada();
    let person = &ada.person;
    for undo in [Duration::from_secs(60), 3 * USED_UP_RETENTION] {
        let drafts = bench.with_limits(DraftLimits {
            undo,
            ..bench.limits
        });
        let id = draft_id(1);
        let fields = text_field(TEXT);
        for is_in_time in [true, false] {
            drafts.save(&ada, id, form(INVOICE, &fields)).await.unwrap();
            drafts.discard(person, id).await.unwrap();
            let wait = if is_in_time { undo - MS } else { undo };
            bench.advance(wait);
            drafts.sweep().await.unwrap();
            let outcome = drafts.outcome(person, id).await.unwrap();
            assert_eq!(outcome.is_some(), is_in_time, "{undo:?}");
            assert_eq!(drafts.restore(person, id).await.unwrap(), is_in_time);
        }
        // The id is remembered for a day in any case.
        let saved = drafts.save(&ada, id, form(INVOICE, &fields)).await;
        let is_used_up = matches!(saved, Err(DraftError::UsedUp));
        assert_eq!(is_used_up, undo < USED_UP_RETENTION);
        bench.advance(USED_UP_RETENTION - undo.min(USED_UP_RETENTION));
        drafts.sweep().await.unwrap();
        drafts.save(&ada, id, form(INVOICE, &fields)).await.unwrap();
        drafts.save(&ada, id, form(INVOICE, &[])).await.unwrap();
        assert_eq!(bench.count().await, 0);
    }
}

// F3
async fn the_oldest_used_up_draft_is_deleted_beyond_the_limit(bench: &Bench) {
    let (ada, grace) = (ada(), grace());
    bench
        .drafts
        .use_up(&grace.person, draft_id(0))
        .await
        .unwrap();
    // All are used up in the same millisecond, and the latest is not the one that is deleted.
    for number in (0..=MAX_USED_UP).rev() {
        bench
            .drafts
            .use_up(&ada.person, draft_id(number))
            .await
            .unwrap();
        let outcome = bench.outcome(&ada.person, draft_id(number)).await;
        assert_eq!(outcome, Some(Outcome::Sent), "{number}");
    }
    assert_eq!(bench.count().await, i64::from(MAX_USED_UP) + 1);
    bench.advance(MS);
    for number in 0..=MAX_USED_UP {
        bench.save_after_pause(&ada, draft_id(1_000), TEXT).await;
        bench
            .drafts
            .discard(&ada.person, draft_id(1_000))
            .await
            .unwrap();
        let outcome = bench.outcome(&ada.person, draft_id(1_000)).await;
        assert_eq!(outcome, Some(Outcome::Discarded), "{number}");
        assert!(
            bench
                .drafts
                .restore(&ada.person, draft_id(1_000))
                .await
                .unwrap()
        );
    }
    assert_eq!(bench.count().await, i64::from(MAX_USED_UP) + 1);
    let outcome = bench.outcome(&grace.person, draft_id(0)).await;
    assert_eq!(outcome, Some(Outcome::Sent));
}

async fn discarding_or_restoring_an_unknown_draft_does_nothing(bench: &Bench) {
    let person = &ada().person;
    bench.drafts.discard(person, draft_id(1)).await.unwrap();
    assert!(!bench.drafts.restore(person, draft_id(1)).await.unwrap());
    assert_eq!(bench.outcome(person, draft_id(1)).await, None);
    assert_eq!(bench.count().await, 0);
}
