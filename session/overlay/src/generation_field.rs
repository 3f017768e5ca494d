//! The field of a form that names its session, for pages that Leptos renders on either side.

use dwell_session::{Generation, Names};
use leptos::prelude::*;

/// The hidden field that a form carries, so that it is taken only in the session of its page.
///
/// Code that runs in the browser renders it without a generation. The driver fills it in when the form
/// is sent, unless the server has done so.
#[component]
pub fn GenerationField(
    /// The generation of the session. By default the one that is provided as context, if one is.
    #[prop(optional)]
    generation: Option<Generation>,
    /// The names that the program has chosen. By default those that are provided as context, or else
    /// the default ones.
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
