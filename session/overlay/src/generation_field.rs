//! The hidden form field with the generation, for pages that Leptos renders on the server or in the
//! browser.

use dwell_session::{Generation, Names};
use leptos::prelude::*;

/// The hidden field with the generation of the session, which every form needs. The server refuses
/// a form from a page of another session.
///
/// In the browser it is rendered without a generation, unless one is given or provided as context.
/// The driver fills it in when the form is submitted.
#[component]
pub fn GenerationField(
    /// The generation of the session. The default is the one in the context, if there is one.
    #[prop(optional)]
    generation: Option<Generation>,
    /// The names that the program has chosen. The default is those in the context or, without them,
    /// the default names.
    #[prop(optional)]
    names: Option<Names>,
) -> impl IntoView {
    let name = names
        .or_else(use_context)
        .unwrap_or_default()
        .generation_field;
    let generation = generation.or_else(use_context);
    let value = generation.map(|generation: Generation| generation.to_string());
    view! { <input type="hidden" name=name value=value.unwrap_or_default() /> }
}
