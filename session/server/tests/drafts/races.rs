//! Tests of simultaneous requests of one person.

use std::{sync::Arc, time::Duration};

use dwell::drafts::{DraftError, DraftId};
use futures::future::join_all;
use tokio::task::yield_now;

use crate::bench::{Bench, INVOICE, TEXT, ada, author, draft_id, form, sent_late, text_field};

on_every_engine! {
    a_draft_that_is_saved_while_its_form_is_sent_does_not_come_back,
    simultaneous_saves_do_not_exceed_the_limit,
    simultaneous_late_forms_do_not_exceed_the_limit,
    simultaneous_operations_do_not_deadlock,
}

// F3
/// The page saves its draft while its form is being sent. Whichever arrives first, no draft is
/// left.
async fn a_draft_that_is_saved_while_its_form_is_sent_does_not_come_back(bench: &Bench) {
    const ROUNDS: u32 = 200;
    let ada = ada();
    for round in 0..ROUNDS {
        // The rate limiter allows this pace.
        bench.advance(Duration::from_millis(500));
        let id = draft_id(round);
        let save = tokio::spawn({
            let (drafts, ada) = (bench.drafts.clone(), ada.clone());
            async move {
                for _ in 0..round % 7 {
                    yield_now().await;
                }
                let fields = text_field(TEXT);
                drafts.save(&ada, id, form(INVOICE, &fields)).await
            }
        });
        let send = tokio::spawn({
            let (drafts, ada) = (bench.drafts.clone(), ada.clone());
            async move {
                for _ in 0..round % 5 {
                    yield_now().await;
                }
                drafts.use_up(&ada.person, id).await
            }
        });
        send.await.unwrap().unwrap();
        match save.await.unwrap() {
            Ok(()) | Err(DraftError::UsedUp) => {}
            Err(error) => panic!("{error:?}"),
        }
        assert!(bench.list(&ada.person).await.is_empty(), "{round}");
    }
}

// F3
async fn simultaneous_saves_do_not_exceed_the_limit(bench: &Bench) {
    let ada = ada();
    let saves = (0..60).map(|number| {
        let (drafts, ada) = (bench.drafts.clone(), ada.clone());
        tokio::spawn(async move {
            let fields = text_field(&format!("thought {number}"));
            drafts
                .save(&ada, draft_id(number), form(INVOICE, &fields))
                .await
        })
    });
    for saved in join_all(saves).await {
        saved.unwrap().unwrap();
    }
    let left = bench.list(&ada.person).await.len();
    assert_eq!(left, bench.limits.per_person as usize);
}

// F3
async fn simultaneous_late_forms_do_not_exceed_the_limit(bench: &Bench) {
    let saves = (0..30).map(|number| {
        let drafts = bench.drafts.clone();
        tokio::spawn(async move {
            let fields = text_field(&format!("late {number}"));
            let author = author("ada", 1);
            drafts
                .save_late(&author, form(INVOICE, &fields), sent_late(None))
                .await
        })
    });
    let mut kept = 0;
    for saved in join_all(saves).await {
        match saved.unwrap() {
            Ok(is_kept) => kept += u32::from(is_kept),
            Err(DraftError::TooManyLate) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(kept, bench.limits.late_per_session);
    assert_eq!(bench.list(&ada().person).await.len(), kept as usize);
}

/// Several drafts with the same content are discarded, restored, saved, sent and swept at the same
/// time.
async fn simultaneous_operations_do_not_deadlock(bench: &Bench) {
    const IDS: u32 = 6;
    let drafts = Arc::new(bench.drafts.clone());
    for round in 0..20 {
        bench.advance(Duration::from_secs(60));
        let tasks = (0..4 * IDS).map(|number| {
            let drafts = Arc::clone(&drafts);
            tokio::spawn(async move {
                let ada = ada();
                let id: DraftId = draft_id((round * number) % IDS);
                let fields = text_field(TEXT);
                match number % 5 {
                    0 => drafts.discard(&ada.person, id).await.unwrap(),
                    1 => drop(drafts.restore(&ada.person, id).await.unwrap()),
                    2 => drafts
                        .use_up(&ada.person, draft_id(100 + number))
                        .await
                        .unwrap(),
                    3 => drop(drafts.sweep().await.unwrap()),
                    _ => match drafts.save(&ada, id, form(INVOICE, &fields)).await {
                        Ok(()) | Err(DraftError::UsedUp) => {}
                        Err(error) => panic!("{error:?}"),
                    },
                }
            })
        });
        for done in join_all(tasks).await {
            done.unwrap();
        }
    }
}
