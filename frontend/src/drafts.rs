//! Keeps what is typed into the forms that are worth protecting: on the server, under the account
//! of whoever typed it, and nowhere in the browser (`F3`).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use dwell_app::names::{DRAFT_ATTRIBUTE, DRAFT_FIELD, DRAFT_FORM_FIELD, GENERATION_FIELD};
use dwell_session::{Countdown, Generation};
use js_sys::Reflect;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, FormData, HtmlFormElement, HtmlInputElement, UrlSearchParams};

use crate::server::{self, PATIENCE_MS, Saving};

/// While the user goes on typing during the countdown, what is new is saved this often, and every
/// second when only as many are left. In seconds.
const SAVED_EVERY: u64 = 5;

/// How long somebody who signs out waits for what they typed to be saved, in milliseconds.
const PATIENCE_AT_SIGN_OUT_MS: u32 = 1_000;

/// The forms of a page that are worth protecting.
pub(crate) struct Drafts(Vec<Rc<Draft>>);

struct Draft {
    form: HtmlFormElement,
    name: String,
    /// What was in the form when it was last saved, or came with the page.
    saved: RefCell<String>,
    is_under_way: Cell<bool>,
}

impl Drafts {
    /// The drafts of the forms in `content`.
    pub(crate) fn of(content: &Element) -> Self {
        let selector = format!("form[{DRAFT_ATTRIBUTE}]");
        let Ok(forms) = content.query_selector_all(&selector) else {
            return Self(Vec::new());
        };
        let forms = (0..forms.length()).filter_map(|index| forms.item(index));
        let drafts = forms.filter_map(|form| {
            let form: HtmlFormElement = form.dyn_into().ok()?;
            let name = form.get_attribute(DRAFT_ATTRIBUTE)?;
            let as_it_came = fields(&form, &name).filter(|_| !is_typed_into(&form));
            let saved = RefCell::new(as_it_came.unwrap_or_default());
            let is_under_way = Cell::new(false);
            Some(Rc::new(Draft {
                form,
                name,
                saved,
                is_under_way,
            }))
        });
        Self(drafts.collect())
    }

    /// Saves what has been typed since, in a session of this generation.
    pub(crate) fn save(&self, generation: Generation) {
        for draft in self.0.iter().filter(|draft| draft.unsaved().is_some()) {
            spawn_local(Rc::clone(draft).save(generation, PATIENCE_MS));
        }
    }

    /// As [`save`](Self::save), to wait for, though not for long.
    pub(crate) async fn save_before_sign_out(&self, generation: Generation) {
        for draft in &self.0 {
            Rc::clone(draft)
                .save(generation, PATIENCE_AT_SIGN_OUT_MS)
                .await;
        }
    }

    /// Saves at some of the seconds of a countdown.
    pub(crate) fn save_during(&self, countdown: &Countdown, generation: Generation) {
        let left = countdown.seconds_left;
        if left.is_multiple_of(SAVED_EVERY) || left < SAVED_EVERY {
            self.save(generation);
        }
    }
}

impl Draft {
    fn unsaved(&self) -> Option<String> {
        fields(&self.form, &self.name).filter(|typed| *typed != *self.saved.borrow())
    }

    /// Until everything is saved, or once in vain: the next occasion tries again.
    async fn save(self: Rc<Self>, generation: Generation, patience_ms: u32) {
        if self.is_under_way.replace(true) {
            return;
        }
        while let Some(typed) = self.unsaved() {
            match server::save_draft(&typed, generation, patience_ms).await {
                Saving::Done => *self.saved.borrow_mut() = typed,
                Saving::UsedUp if self.begin_another() => {}
                Saving::UsedUp | Saving::Failed => break,
            }
        }
        self.is_under_way.set(false);
    }

    /// A page that came back from the history may hold the id of a draft that is done with. What
    /// is typed into it now is another draft. Tells whether it has an id of its own.
    fn begin_another(&self) -> bool {
        let selector = format!("input[name={DRAFT_FIELD}]");
        let field = self.form.query_selector(&selector).ok().flatten();
        let field = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
        let crypto = web_sys::window().and_then(|window| window.crypto().ok());
        let (Some(field), Some(crypto)) = (field, crypto) else {
            return false;
        };
        field.set_value(&crypto.random_uuid().replace('-', ""));
        true
    }
}

/// Whether something was typed before the code was there, or put back by the browser.
fn is_typed_into(form: &HtmlFormElement) -> bool {
    let elements = form.elements();
    let mut elements = (0..elements.length()).filter_map(|index| elements.item(index));
    elements.any(|element| {
        let property = |name: &str| Reflect::get(&element, &name.into()).ok()?.as_string();
        let default = property("defaultValue");
        default.is_some() && default != property("value")
    })
}

/// What the form would send, without the generation, which goes into a header.
fn fields(form: &HtmlFormElement, name: &str) -> Option<String> {
    let data = FormData::new_with_form(form).ok()?;
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    fields.delete(GENERATION_FIELD);
    fields.set(DRAFT_FORM_FIELD, name);
    Some(String::from(fields.to_string()))
}
