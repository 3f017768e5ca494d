//! The page with a person's notes.

use dwell_session::Generation;
use leptos::prelude::*;

use super::document::{Document, GenerationField, SignedIn, Visitor};
use crate::names::{DISCARD_DRAFT_PATH, DRAFT_FIELD, DRAFTS_PATH, NOTE_FORM, TAKE_BACK_DRAFT_PATH};

/// How many characters of an unsaved note are shown, which is enough to recognise it.
const PREVIEW_LENGTH: usize = 80;

/// The address of this page with a draft in its form, without the id of the draft.
const DRAFT_ADDRESS: &str = "/workspace?draft=";

/// An instant. The browser shows it in its own time zone.
#[derive(Debug, Clone)]
pub struct When {
    /// The instant in the format of RFC 3339.
    pub machine: String,
    /// The instant in a format for people, in UTC.
    pub utc: String,
}

/// One note.
#[derive(Debug, Clone)]
pub struct Note {
    /// Identifies the note.
    pub id: i64,
    /// The text.
    pub text: String,
    /// When it was written.
    pub written_at: When,
}

/// A note that was typed and not saved.
#[derive(Debug, Clone)]
pub struct UnsavedNote {
    /// The id of its draft.
    pub draft: String,
    /// What was typed.
    pub text: String,
    /// When its draft was last saved.
    pub saved_at: When,
}

/// The content of the form for a new note.
#[derive(Debug, Clone)]
pub struct Composer {
    /// The id of the form's draft.
    pub draft: String,
    /// The text in the form.
    pub text: String,
    /// What is wrong with the text.
    pub trouble: Option<String>,
}

/// What the person has typed and not saved.
#[derive(Debug, Clone)]
pub struct EditorContent {
    /// The form.
    pub composer: Composer,
    /// The other unsaved notes, the latest first.
    pub unsaved: Vec<UnsavedNote>,
}

/// What happened to a note or a draft, if the page should say so.
#[derive(Debug, Clone)]
pub enum Notice {
    /// The note with this id was deleted.
    Deleted(i64),
    /// The draft with this id was discarded.
    Discarded(String),
    /// The draft that was asked for has been saved as a note.
    SavedAlready,
}

/// The page: the unsaved notes, the form for a new note, and the notes, the newest first.
#[component]
pub fn WorkspacePage(
    signed_in: SignedIn,
    /// What just happened to a note or a draft.
    notice: Option<Notice>,
    /// What was typed and not saved. It is missing on a page of older notes.
    editor: Option<EditorContent>,
    /// Some of the person's notes.
    notes: Vec<Note>,
    /// The id of the last of them, if there are older ones.
    older_than: Option<i64>,
) -> impl IntoView {
    let generation = signed_in.status.generation;
    let is_newest = editor.is_some();
    view! {
        <Document
            title="Workspace"
            visitor=Visitor::SignedIn(signed_in)
            form=is_newest.then_some(NOTE_FORM)
        >
            <h1>"Workspace"</h1>
            {notice.map(|notice| view! { <NoticeLine notice generation /> })}
            {editor.map(|editor| view! { <NoteEditor generation editor /> })}
            <section aria-labelledby="notes">
                <h2 id="notes">{if is_newest { "Notes" } else { "Older notes" }}</h2>
                {if notes.is_empty() {
                    view! { <p class="quiet">"Nothing is written down yet."</p> }.into_any()
                } else {
                    view! {
                        <ul class="rows">
                            {notes
                                .into_iter()
                                .map(|note| view! { <SavedNote note generation /> })
                                .collect_view()}
                        </ul>
                    }
                        .into_any()
                }}
                {older_than
                    .map(|id| {
                        view! {
                            <p>
                                <a href=format!("/workspace?before={id}")>"Older notes"</a>
                            </p>
                        }
                    })}
            </section>
        </Document>
    }
}

/// The unsaved notes, and the form for a new note.
#[component]
pub fn NoteEditor(
    /// The generation of the session.
    generation: Generation,
    /// What was typed and not saved.
    editor: EditorContent,
) -> impl IntoView {
    let EditorContent { composer, unsaved } = editor;
    let Composer {
        draft,
        text,
        trouble,
    } = composer;
    view! {
        <div data-dwell-offers aria-live="polite">
            {(!unsaved.is_empty()).then(|| view! { <Offers unsaved generation /> })}
        </div>
        <form
            method="post"
            action="/workspace"
            id=NOTE_FORM
            class="composer"
            data-dwell-draft=NOTE_FORM
            data-dwell-address=DRAFT_ADDRESS
            data-dwell-latest=DRAFTS_PATH
        >
            <GenerationField generation />
            <input type="hidden" name=DRAFT_FIELD value=draft />
            <label for="text">"New note"</label>
            <textarea
                id="text"
                name="text"
                rows="5"
                required
                autofocus=!text.is_empty()
                aria-describedby=trouble.is_some().then_some("trouble")
                inner_html=content(&text)
            ></textarea>
            <p class="trouble" data-dwell-too-long role="alert" hidden>
                "This is too long to be kept while you write. Copy what you need before you leave \
                 this page, or make it shorter."
            </p>
            <p class="trouble" data-dwell-not-kept role="alert" hidden>
                "What you type cannot be kept at the moment. Stay on this page until this message \
                 is gone, or copy what you need."
            </p>
            {trouble
                .map(|trouble| {
                    view! {
                        <p class="trouble" role="alert" id="trouble">
                            {trouble}
                        </p>
                    }
                })}
            <button type="submit" class="primary">
                "Save note"
            </button>
        </form>
    }
}

/// The latest unsaved note, and the others in a list that is closed at first, so that the form
/// stays in view.
#[component]
fn Offers(unsaved: Vec<UnsavedNote>, generation: Generation) -> impl IntoView {
    let mut unsaved = unsaved.into_iter();
    let latest = unsaved.next();
    let earlier = unsaved.len();
    let offers = |notes: Vec<UnsavedNote>| {
        notes
            .into_iter()
            .map(|note| view! { <Unsaved note generation /> })
            .collect_view()
    };
    view! {
        <section class="unsaved" aria-labelledby="unsaved">
            <h2 id="unsaved">"Not saved yet"</h2>
            <ul>{offers(latest.into_iter().collect())}</ul>
            {(earlier > 0)
                .then(|| {
                    view! {
                        <details>
                            <summary>{format!("Earlier ones ({earlier})")}</summary>
                            <ul>{offers(unsaved.collect())}</ul>
                        </details>
                    }
                })}
        </section>
    }
}

#[component]
fn SavedNote(note: Note, generation: Generation) -> impl IntoView {
    view! {
        <li>
            <p class="note">{note.text}</p>
            <form method="post" action="/workspace/delete">
                <GenerationField generation />
                <input type="hidden" name="id" value=note.id />
                <span class="quiet">
                    <Time when=note.written_at />
                </span>
                <button type="submit" class="plain">
                    "Delete"
                </button>
            </form>
        </li>
    }
}

#[component]
fn Time(when: When) -> impl IntoView {
    view! { <time datetime=when.machine>{when.utc}</time> }
}

#[component]
fn NoticeLine(notice: Notice, generation: Generation) -> impl IntoView {
    match notice {
        Notice::Deleted(id) => view! {
            <form class="notice" method="post" action="/workspace/take-back">
                <GenerationField generation />
                <input type="hidden" name="id" value=id />
                <span role="status">"The note is deleted."</span>
                <button type="submit" class="plain">
                    "Undo"
                </button>
            </form>
        }
        .into_any(),
        Notice::Discarded(draft) => view! {
            <form class="notice" method="post" action=TAKE_BACK_DRAFT_PATH>
                <GenerationField generation />
                <input type="hidden" name=DRAFT_FIELD value=draft />
                <span role="status">"The unsaved note is discarded."</span>
                <button type="submit" class="plain">
                    "Undo"
                </button>
            </form>
        }
        .into_any(),
        Notice::SavedAlready => view! {
            <p class="notice" role="status">
                "This note has been saved already. You find it below."
            </p>
        }
        .into_any(),
    }
}

#[component]
fn Unsaved(note: UnsavedNote, generation: Generation) -> impl IntoView {
    let UnsavedNote {
        draft,
        text,
        saved_at,
    } = note;
    let described_by = format!("unsaved-{draft}");
    view! {
        <li>
            <p id=described_by.clone()>
                "You have an unsaved note from " <Time when=saved_at /> "."
                <q class="quiet">{preview(&text)}</q>
            </p>
            <form method="post" action=DISCARD_DRAFT_PATH>
                <GenerationField generation />
                <input type="hidden" name=DRAFT_FIELD value=draft.clone() />
                <a
                    class="button"
                    href=format!("{DRAFT_ADDRESS}{draft}")
                    aria-describedby=described_by.clone()
                >
                    "Put it back"
                </a>
                <button type="submit" class="plain" aria-describedby=described_by>
                    "Discard"
                </button>
            </form>
        </li>
    }
}

/// `text` as the content of a `<textarea>`. Leptos does not escape this content, and browsers
/// remove its first line break.
fn content(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;"))
}

/// The first words of a text, on one line.
fn preview(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(PREVIEW_LENGTH) {
        Some((end, _)) => {
            let cut = &line[..end];
            let words = cut.rsplit_once(' ').map_or(cut, |(words, _)| words);
            format!("{words}…")
        }
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_draft_has_the_right_parameter() {
        assert!(DRAFT_ADDRESS.ends_with(&format!("?{DRAFT_FIELD}=")));
    }

    #[test]
    fn a_text_is_escaped_in_a_form() {
        assert_eq!(content("&lt;</textarea>"), "\n&amp;lt;&lt;/textarea>");
        assert_eq!(content("\n\ntext"), "\n\n\ntext");
    }

    #[test]
    fn a_preview_consists_of_the_first_words() {
        assert_eq!(preview(""), "");
        assert_eq!(preview("  milk,\r\n\teggs \n"), "milk, eggs");
        assert_eq!(
            preview(&"é".repeat(PREVIEW_LENGTH)),
            "é".repeat(PREVIEW_LENGTH)
        );
        let long = "é".repeat(PREVIEW_LENGTH + 1);
        assert_eq!(preview(&long), "é".repeat(PREVIEW_LENGTH) + "…");
        assert_eq!(preview(&format!("milk {long}")), "milk…");
    }
}
