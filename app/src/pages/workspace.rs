//! The person's notes.

use dwell_session::Generation;
use leptos::prelude::*;

use super::document::{Document, GenerationField, SignedIn, Visitor};
use crate::names::{DISCARD_DRAFT_PATH, DRAFT_FIELD, NOTE_FORM};

/// Enough to know a note again, in characters.
const BEGINNING: usize = 80;

/// One note.
#[derive(Debug, Clone)]
pub struct Note {
    /// Names the note among the person's.
    pub id: i64,
    /// What was written.
    pub text: String,
    /// When, as people write it, in UTC.
    pub written_at: String,
}

/// A note that was typed and not sent.
#[derive(Debug, Clone)]
pub struct UnsavedNote {
    /// The id of its draft.
    pub draft: String,
    /// What was typed.
    pub text: String,
    /// When it was kept last, as people write it, in UTC.
    pub saved_at: String,
}

/// The form for a new note, as it is filled in.
#[derive(Debug, Clone)]
pub struct Composer {
    /// The id under which what is typed is kept.
    pub draft: String,
    /// What was typed before.
    pub text: String,
    /// What is wrong with it.
    pub trouble: Option<String>,
}

/// What was typed and not sent, the form for a new note, and the notes, newest first.
#[component]
pub fn WorkspacePage(
    signed_in: SignedIn,
    /// The person's notes.
    notes: Vec<Note>,
    /// The person's unsaved notes, without that in the form.
    unsaved: Vec<UnsavedNote>,
    /// The form for a new note.
    composer: Composer,
) -> impl IntoView {
    let generation = signed_in.status.generation;
    let Composer {
        draft,
        text,
        trouble,
    } = composer;
    view! {
        <Document title="Workspace" visitor=Visitor::SignedIn(signed_in) form=NOTE_FORM>
            <h1>"Workspace"</h1>
            {(!unsaved.is_empty())
                .then(|| {
                    view! {
                        <section class="unsaved" aria-labelledby="unsaved">
                            <h2 id="unsaved">"Not saved yet"</h2>
                            <ul>
                                {unsaved
                                    .into_iter()
                                    .map(|note| view! { <Unsaved note generation /> })
                                    .collect_view()}
                            </ul>
                        </section>
                    }
                })}
            <form
                method="post"
                action="/workspace"
                id=NOTE_FORM
                class="composer"
                data-dwell-draft=NOTE_FORM
            >
                <GenerationField generation />
                <input type="hidden" name=DRAFT_FIELD value=draft />
                <label for="text">"New note"</label>
                <textarea
                    id="text"
                    name="text"
                    rows="5"
                    required
                    aria-describedby=trouble.is_some().then_some("trouble")
                    inner_html=escaped(&text)
                ></textarea>
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
            <section aria-labelledby="notes">
                <h2 id="notes">"Notes"</h2>
                {if notes.is_empty() {
                    view! { <p class="quiet">"Nothing is written down yet."</p> }.into_any()
                } else {
                    view! {
                        <ul class="rows">
                            {notes
                                .into_iter()
                                .map(|note| {
                                    view! {
                                        <li>
                                            <p class="note">{note.text}</p>
                                            <form method="post" action="/workspace/delete">
                                                <GenerationField generation />
                                                <input type="hidden" name="id" value=note.id />
                                                <time class="quiet">{note.written_at}</time>
                                                <button type="submit" class="plain">
                                                    "Delete"
                                                </button>
                                            </form>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    }
                        .into_any()
                }}
            </section>
        </Document>
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
                "You have an unsaved note from " <time>{saved_at}</time> "."
                <q class="quiet">{beginning(&text)}</q>
            </p>
            <form method="post" action=DISCARD_DRAFT_PATH>
                <GenerationField generation />
                <input type="hidden" name=DRAFT_FIELD value=draft.clone() />
                <a
                    class="button"
                    href=format!("/workspace?draft={draft}")
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

/// `text` as HTML: Leptos writes the children of a `<textarea>` as they stand, markup included.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The first words of a text, on one line.
fn beginning(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(BEGINNING) {
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
    fn markup_in_a_text_is_escaped() {
        assert_eq!(escaped("&lt;</textarea>"), "&amp;lt;&lt;/textarea>");
    }

    #[test]
    fn a_text_begins_with_its_first_words() {
        assert_eq!(beginning(""), "");
        assert_eq!(beginning("  milk,\r\n\teggs \n"), "milk, eggs");
        assert_eq!(beginning(&"é".repeat(BEGINNING)), "é".repeat(BEGINNING));
        let long = "é".repeat(BEGINNING + 1);
        assert_eq!(beginning(&long), "é".repeat(BEGINNING) + "…");
        assert_eq!(beginning(&format!("milk {long}")), "milk…");
    }
}
