//! The person's notes.

use leptos::prelude::*;

use super::document::{Document, GenerationField, SignedIn, Visitor};

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

/// The form for a new note, and the notes, newest first.
#[component]
pub fn WorkspacePage(
    signed_in: SignedIn,
    /// The person's notes.
    notes: Vec<Note>,
    /// What was wrong with the note that was sent, and its text.
    rejected: Option<(String, String)>,
) -> impl IntoView {
    let generation = signed_in.status.generation;
    let (trouble, draft) = rejected.unzip();
    let is_rejected = trouble.is_some();
    view! {
        <Document title="Workspace" visitor=Visitor::SignedIn(signed_in)>
            <h1>"Workspace"</h1>
            <form method="post" action="/workspace" class="composer">
                <GenerationField generation />
                <label for="text">"New note"</label>
                <textarea
                    id="text"
                    name="text"
                    rows="5"
                    required
                    aria-describedby=is_rejected.then_some("trouble")
                >
                    {draft}
                </textarea>
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
