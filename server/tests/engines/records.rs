//! Tests of accounts and notes on SQLite and PostgreSQL.

use std::sync::Arc;

use dwell::{
    Instant,
    clock::ManualClock,
    drafts::{Author, DraftError, DraftId, FormContent, Outcome},
};
use dwell_server::{
    accounts::{Accounts, AddAccountError, Client, Password, Passwords, SignInError},
    notes::{NoteText, Notes, UNDO_PERIOD},
};

use crate::harness::{Bench, NOW};

on_every_engine!(
    an_account_is_added_once_and_signs_in_with_its_password,
    notes_are_kept_for_one_person_the_newest_first,
    a_note_uses_up_its_draft_in_the_same_transaction,
);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOW))
}

async fn an_account_is_added_once_and_signs_in_with_its_password(bench: &Bench) {
    let passwords = Arc::new(Passwords::new(2).unwrap());
    let accounts = Accounts::new(bench.database.clone(), passwords, clock());
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
    let notes = Notes::new(bench.database.clone());
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
    notes.sweep(now + UNDO_PERIOD).await.unwrap();
    notes.take_back(accounts[0], id, now).await.unwrap();
    assert_eq!(count().await, 2);

    let older = notes.of(accounts[0], Some(kept[1].id)).await.unwrap();
    assert_eq!(older.notes.len(), 1);
    assert_eq!(older.older_than, None);
}

async fn a_note_uses_up_its_draft_in_the_same_transaction(bench: &Bench) {
    let [account] = bench.accounts(1).await[..] else {
        panic!("one account was asked for");
    };
    let (drafts, notes) = (bench.drafts(), Notes::new(bench.database.clone()));
    let author = Author {
        person: account.into(),
        session: dwell::Generation::from_random(1),
    };
    let fields = [("text".to_owned(), "a note".to_owned())];
    let content = FormContent {
        name: "note",
        fields: &fields,
    };
    let draft = DraftId::random();
    drafts.save(&author, draft, content).await.unwrap();
    let text = NoteText::try_from("a note").unwrap();
    for _ in 0..2 {
        notes.add(account, &text, Some(draft), NOW).await.unwrap();
    }
    assert_eq!(notes.of(account, None).await.unwrap().notes.len(), 1);
    let outcome = drafts.outcome(&author.person, draft).await.unwrap();
    assert_eq!(outcome, Some(Outcome::Sent));
    let late = drafts.save(&author, draft, content).await;
    assert!(matches!(late, Err(DraftError::UsedUp)), "{late:?}");
}
