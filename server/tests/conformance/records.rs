//! Accounts, notes and drafts, in either SQL database.

use std::{sync::Arc, time::Duration};

use dwell_server::{
    account_id::AccountId,
    accounts::{Accounts, AddAccountError, Client, Password, Passwords, SignInError},
    clock::ManualClock,
    drafts::{self, Author, DraftId, Drafts, Fate, Form, Late, SaveDraftError},
    notes::{NoteText, Notes},
};
use dwell_session::{Generation, Instant};

use crate::harness::Bench;

on_engine!(
    sqlite,
    Sqlite,
    an_account_is_added_once_and_signs_in_with_its_password,
    notes_are_kept_for_one_person_the_newest_first,
    a_draft_is_kept_until_it_is_used_up,
    the_oldest_draft_makes_way,
    nobody_has_anything_who_has_no_account
);
on_engine!(
    postgres,
    Postgres,
    an_account_is_added_once_and_signs_in_with_its_password,
    notes_are_kept_for_one_person_the_newest_first,
    a_draft_is_kept_until_it_is_used_up,
    the_oldest_draft_makes_way,
    nobody_has_anything_who_has_no_account
);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Instant::from_millis(1_700_000_000_000)))
}

fn author(account: AccountId) -> Author {
    let session = Generation::from_random(1);
    Author { account, session }
}

/// The same person in a session that has ended.
fn late_author(account: AccountId) -> Author {
    let session = Generation::from_random(2);
    Author { account, session }
}

fn note(fields: &[(String, String)]) -> Form<'_> {
    let name = "note";
    Form { name, fields }
}

fn field(value: &str) -> Vec<(String, String)> {
    vec![("text".to_owned(), value.to_owned())]
}

async fn an_account_is_added_once_and_signs_in_with_its_password(bench: &Bench) {
    let passwords = Arc::new(Passwords::new(2).unwrap());
    let accounts = Accounts::new(bench.database(), passwords, clock());
    accounts.ping().await.unwrap();
    let email = "Ada@Example.com".parse().unwrap();
    let password = || Password::typed("correct horse battery staple".into());
    let id = accounts.add(&email, password()).await.unwrap();
    let again = accounts.add(&email, password()).await;
    assert!(matches!(again, Err(AddAccountError::Taken(_))));
    let client = Client::default();
    let signed_in = accounts
        .authenticate("ada@example.com", password(), &client)
        .await;
    assert_eq!(signed_in.unwrap().account, id);
    assert_eq!(
        accounts.email(id).await.unwrap().as_deref(),
        Some("ada@example.com")
    );
    for (email, password) in [
        ("ada@example.com", Password::typed("wrong".into())),
        ("nobody@example.com", password()),
        ("\0", password()),
    ] {
        let refused = accounts.authenticate(email, password, &client).await;
        assert!(matches!(refused, Err(SignInError::WrongCredentials)));
    }
}

async fn notes_are_kept_for_one_person_the_newest_first(bench: &Bench) {
    let accounts = bench.accounts(2).await;
    let notes = Notes::new(bench.database());
    let texts = ["first", "second \u{1f98a}", "third\0"];
    for (at, text) in texts.into_iter().enumerate() {
        let note = NoteText::try_from(text).unwrap();
        let now = Instant::from_millis(at as i64 / 2);
        notes.add(accounts[0], &note, None, now).await.unwrap();
    }
    let kept = notes.of(accounts[0], None).await.unwrap().notes;
    let shown: Vec<&str> = kept.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(shown, ["third\u{fffd}", "second \u{1f98a}", "first"]);
    assert!(notes.of(accounts[1], None).await.unwrap().notes.is_empty());

    let now = Instant::from_millis(1_700_000_000_000);
    let id = kept[0].id;
    let count = async || notes.of(accounts[0], None).await.unwrap().notes.len();
    notes.delete(accounts[1], id, now).await.unwrap();
    assert_eq!(count().await, 3);
    notes.delete(accounts[0], id, now).await.unwrap();
    assert_eq!(count().await, 2);
    notes.take_back(accounts[1], id, now).await.unwrap();
    assert_eq!(count().await, 2);
    notes.take_back(accounts[0], id, now).await.unwrap();
    assert_eq!(count().await, 3);
    notes.delete(accounts[0], id, now).await.unwrap();
    notes.sweep(now + drafts::UNDO).await.unwrap();
    notes.take_back(accounts[0], id, now).await.unwrap();
    assert_eq!(count().await, 2);

    let older = notes.of(accounts[0], Some(kept[1].id)).await.unwrap();
    assert_eq!(older.notes.len(), 1);
    assert_eq!(older.older_than, None);
}

async fn a_draft_is_kept_until_it_is_used_up(bench: &Bench) {
    let account = bench.account().await;
    let clock = clock();
    let drafts = Drafts::new(bench.database(), clock.clone(), drafts::RETENTION);
    let notes = Notes::new(bench.database());
    let [sent, discarded, old] = [DraftId::fresh(), DraftId::fresh(), DraftId::fresh()];
    for (draft, text) in [
        (sent, "half\0 a note"),
        (discarded, "half of another"),
        (old, "half\0 a note"),
    ] {
        drafts
            .save(author(account), draft, note(&field("half")))
            .await
            .unwrap();
        drafts
            .save(author(account), draft, note(&field(text)))
            .await
            .unwrap();
    }
    assert_eq!(drafts.of(account, "note").await.unwrap().len(), 3);
    assert!(drafts.of(account, "other").await.unwrap().is_empty());

    let text = NoteText::try_from("a note").unwrap();
    notes
        .add(
            account,
            &text,
            Some(sent),
            Instant::from_millis(1_700_000_000_000),
        )
        .await
        .unwrap();
    drafts.discard(account, discarded).await.unwrap();
    let late = Late {
        draft: None,
        is_sent: true,
        has_cookie: true,
    };
    for (text, count) in [("one", 2), ("two", 3), ("three", 4), ("four", 4)] {
        let kept = drafts
            .save_late(late_author(account), note(&field(text)), late)
            .await;
        assert_eq!(kept.is_ok(), text != "four");
        assert_eq!(drafts.of(account, "note").await.unwrap().len(), count);
    }
    for draft in drafts.of(account, "note").await.unwrap() {
        if draft.field("text") != "half\0 a note" {
            drafts.discard(account, draft.id).await.unwrap();
        }
    }
    for draft in [sent, discarded] {
        let late = drafts
            .save(author(account), draft, note(&field("late")))
            .await;
        assert!(matches!(late, Err(SaveDraftError::UsedUp)));
    }
    let fate = async |draft| drafts.fate(account, draft).await.unwrap();
    assert_eq!(fate(sent).await, Some(Fate::Sent));
    assert_eq!(fate(discarded).await, Some(Fate::Discarded));
    assert_eq!(fate(old).await, None);
    let kept = drafts.of(account, "note").await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].field("text"), "half\0 a note");

    clock.advance(drafts::RETENTION - Duration::from_millis(1));
    drafts.sweep().await.unwrap();
    assert_eq!(drafts.of(account, "note").await.unwrap().len(), 1);
    clock.advance(Duration::from_millis(1));
    assert!(drafts.of(account, "note").await.unwrap().is_empty());
    drafts.sweep().await.unwrap();
    drafts
        .save(author(account), sent, note(&field("anew")))
        .await
        .unwrap();
}

async fn the_oldest_draft_makes_way(bench: &Bench) {
    let account = bench.account().await;
    let clock = clock();
    let drafts = Drafts::new(bench.database(), clock.clone(), drafts::RETENTION);
    let mut ids = Vec::new();
    for _ in 0..=drafts::MOST {
        let id = DraftId::fresh();
        drafts
            .save(author(account), id, note(&field("text")))
            .await
            .unwrap();
        clock.advance(Duration::from_millis(1));
        ids.push(id);
    }
    let kept = drafts.of(account, "note").await.unwrap();
    assert_eq!(kept.len(), drafts::MOST as usize);
    assert!(kept.iter().all(|draft| draft.id != ids[0]));
    drafts
        .save(author(account), ids[1], note(&field(" ")))
        .await
        .unwrap();
    let kept = drafts.of(account, "note").await.unwrap();
    assert_eq!(kept.len(), drafts::MOST as usize - 1, "a blank one is none");
}

async fn nobody_has_anything_who_has_no_account(bench: &Bench) {
    let account = bench.account().await;
    let drafts = Drafts::new(bench.database(), clock(), drafts::RETENTION);
    let session = crate::harness::new_session(account);
    sqlx::query("delete from accounts")
        .execute(&bench.pool)
        .await
        .unwrap();
    assert!(bench.store.create(session).await.is_err());
    let draft = drafts
        .save(author(account), DraftId::fresh(), note(&field("text")))
        .await;
    assert!(draft.is_err());
}
