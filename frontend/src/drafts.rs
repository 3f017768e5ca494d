//! Keeps what is typed into the forms that are worth protecting: on the server, under the account
//! of whoever typed it, and nowhere in the browser (`F3`).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use dwell_app::names::{
    DRAFT_ATTRIBUTE, DRAFT_FIELD, DRAFT_FORM_FIELD, GENERATION_FIELD, LONGEST_DRAFT,
    NOT_KEPT_CLASS, OFFERS_ID, TOO_LONG_CLASS,
};
use gloo_timers::callback::Timeout;
use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{
    Document, Element, FormData, HtmlCollection, HtmlElement, HtmlFormElement, HtmlInputElement,
};

use crate::{
    driver::Driver,
    listener::listen_to,
    server::{self, PATIENCE_MS, Saving},
    times,
};

/// How long after a change it is saved, in milliseconds. Whatever is changed meanwhile goes along.
const SAVED_AFTER_MS: u32 = 3_000;

/// How often that time is doubled at most while saving fails: up to 48 s.
const MOST_DOUBLINGS: u32 = 4;

/// How long somebody who signs out waits for what they typed to be saved, in milliseconds.
const PATIENCE_AT_SIGN_OUT_MS: u32 = 1_000;

/// The forms of a page that are worth protecting.
pub(crate) struct Drafts(Vec<Rc<Draft>>);

struct Draft {
    form: HtmlFormElement,
    name: String,
    /// What was in the form when it was last saved, or came with the page.
    saved: RefCell<String>,
    /// What was sent last in a request that outlives the page.
    sent_for_good: RefCell<String>,
    /// What was in the form when the form itself was sent.
    submitted: RefCell<Option<String>>,
    /// Until what is new is saved, and while it is.
    timer: RefCell<Option<Timeout>>,
    failures: Cell<u32>,
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
            let draft = Rc::new(Draft {
                form,
                name,
                saved: RefCell::default(),
                sent_for_good: RefCell::default(),
                submitted: RefCell::default(),
                timer: RefCell::new(None),
                failures: Cell::new(0),
            });
            let sending = Rc::clone(&draft);
            listen_to(&draft.form, "submit", move |_| {
                sending.submitted.replace(sending.typed());
            });
            if !draft.is_typed_into() {
                draft.begins_saved();
                spawn_local(Rc::clone(&draft).catch_up());
            }
            Some(draft)
        });
        Self(drafts.collect())
    }

    /// Saves what is new soon. `tell` is handed the id of what begins to be written by that.
    pub(crate) fn save_soon(&self, tell: impl Fn(&str)) {
        for draft in &self.0 {
            if let Some(id) = draft.save_soon() {
                tell(&id);
            }
        }
    }

    /// Another tab writes the draft with this id: of two that write the same, each would overwrite
    /// the other's.
    pub(crate) fn written_elsewhere(&self, id: &str) {
        for draft in &self.0 {
            draft.written_elsewhere(id);
        }
    }

    /// Whether something is new and could not be saved.
    pub(crate) fn has_unkept(&self) -> bool {
        self.0.iter().any(|draft| draft.is_unkept())
    }

    /// Saves what is new now, although the page may be gone before there is an answer.
    pub(crate) fn save(&self) {
        for draft in &self.0 {
            draft.save_for_good();
        }
    }

    /// As [`save`](Self::save), to wait for, though not for long.
    pub(crate) async fn save_before_sign_out(&self) {
        for draft in &self.0 {
            if let Some(typed) = draft.unsaved() {
                draft.save(typed, PATIENCE_AT_SIGN_OUT_MS, true).await;
            }
        }
    }
}

/// Listens for as long as the page exists: saves what is typed, also by a script or an extension,
/// and whatever may lead away from the page, before it does. Where what was typed cannot be kept, the
/// browser asks whether to leave.
pub(crate) fn listen(driver: &Rc<Driver>) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let typing = Rc::clone(driver);
    listen_to(&window, "input", move |_| typing.typed());
    let leaving = Rc::clone(driver);
    listen_to(&window, "click", move |_| leaving.leaving());
    let leaving = Rc::clone(driver);
    listen_to(&window, "beforeunload", move |event| {
        leaving.leaving();
        if leaving.has_unkept() {
            event.prevent_default();
        }
    });
}

impl Draft {
    fn begins_saved(&self) {
        *self.saved.borrow_mut() = self.typed().unwrap_or_default();
    }

    fn unsaved(&self) -> Option<String> {
        self.typed().filter(|typed| *typed != *self.saved.borrow())
    }

    /// Tells its id, if it begins to be written by that.
    fn save_soon(self: &Rc<Self>) -> Option<String> {
        let unsaved = self.unsaved();
        let is_too_long = unsaved
            .as_ref()
            .is_some_and(|typed| typed.len() > LONGEST_DRAFT);
        self.say(TOO_LONG_CLASS, is_too_long);
        if unsaved.is_none() || is_too_long || self.timer.borrow().is_some() {
            return None;
        }
        self.name_in_address();
        let draft = Rc::clone(self);
        let delay_ms = SAVED_AFTER_MS << self.failures.get();
        *self.timer.borrow_mut() = Some(Timeout::new(delay_ms, move || {
            spawn_local(draft.save_in_time());
        }));
        Some(id_field(&self.form)?.value())
    }

    fn written_elsewhere(self: &Rc<Self>, id: &str) {
        let is_this = id_field(&self.form).is_some_and(|field| field.value() == id);
        if is_this && self.begin_another() {
            match self.is_typed_into() {
                true => drop(self.save_soon()),
                false => self.begins_saved(),
            }
        }
    }

    /// Nothing of a form that is out of sight: there is more time to save that.
    fn is_unkept(&self) -> bool {
        self.failures.get() > 0 && self.form.is_connected() && self.unsaved().is_some()
    }

    /// Nothing of a form that is out of sight: it was saved as it was concealed.
    async fn save_in_time(self: Rc<Self>) {
        let typed = self.unsaved().filter(|_| self.form.is_connected());
        if let Some(typed) = typed {
            self.save(typed, PATIENCE_MS, false).await;
        }
        self.timer.borrow_mut().take();
        if self.form.is_connected() {
            self.save_soon();
        }
    }

    fn save_for_good(self: &Rc<Self>) {
        let Some(typed) = self.unsaved() else { return };
        if *self.sent_for_good.borrow() == typed {
            return;
        }
        self.sent_for_good.borrow_mut().clone_from(&typed);
        let draft = Rc::clone(self);
        spawn_local(async move { draft.save(typed, PATIENCE_MS, true).await });
    }

    async fn save(&self, mut typed: String, patience_ms: u32, outlives_page: bool) {
        if typed.len() > LONGEST_DRAFT {
            return;
        }
        loop {
            let generation = self.generation();
            let saving = server::save_draft(&typed, &generation, patience_ms, outlives_page);
            match saving.await {
                Saving::Done => {
                    self.failures.set(0);
                    self.say(NOT_KEPT_CLASS, false);
                    *self.saved.borrow_mut() = typed;
                    return;
                }
                // The form itself arrived before this.
                Saving::UsedUp if self.typed() == *self.submitted.borrow() => {
                    self.begins_saved();
                    return;
                }
                Saving::UsedUp if self.begin_another() => {
                    typed = self.typed().unwrap_or_default();
                }
                Saving::UsedUp | Saving::Failed => {
                    self.failures
                        .set((self.failures.get() + 1).min(MOST_DOUBLINGS));
                    self.sent_for_good.borrow_mut().clear();
                    self.say(NOT_KEPT_CLASS, self.form.is_connected());
                    return;
                }
            }
        }
    }

    /// The page before this one may have been saving still while this one was made. What is there
    /// by now comes into the form, and into what is offered, unless somebody has begun to type.
    async fn catch_up(self: Rc<Self>) {
        let Some(window) = web_sys::window() else {
            return;
        };
        let asked = window.location().search().unwrap_or_default();
        let (Some(document), Some(html)) = (window.document(), server::drafts(&asked).await) else {
            return;
        };
        if self.is_typed_into() || !self.form.is_connected() {
            return;
        }
        let Ok(latest) = document.create_element("div") else {
            return;
        };
        latest.set_inner_html(&html);
        times::localise(&latest);
        let selector = format!("form[{DRAFT_ATTRIBUTE}={}]", self.name);
        let form = latest.query_selector(&selector).ok().flatten();
        if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok())
            && id_field(&form).is_some_and(|id| asked.ends_with(&id.value()))
            && text_of(&form) != text_of(&self.form)
        {
            copy(&form.elements(), &self.form.elements());
            self.begins_saved();
        }
        show_offers(&document, &latest);
    }

    /// Loading the page again, or coming back to it after signing in, puts what is typed back.
    fn name_in_address(&self) {
        let Some(window) = web_sys::window() else {
            return;
        };
        let (Some(field), Ok(path)) = (id_field(&self.form), window.location().pathname()) else {
            return;
        };
        let address = path + "?" + DRAFT_FIELD + "=" + &field.value();
        // Fails only where that is done too often.
        let _ = window
            .history()
            .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
    }

    /// A page that came back from the history may hold the id of a draft that is done with. What
    /// is typed into it now is another draft. Tells whether it has an id of its own.
    fn begin_another(&self) -> bool {
        let crypto = web_sys::window().and_then(|window| window.crypto().ok());
        let (Some(field), Some(crypto)) = (id_field(&self.form), crypto) else {
            return false;
        };
        field.set_value(&crypto.random_uuid().replace('-', ""));
        true
    }

    /// Shows or hides what the form has to say.
    fn say(&self, class: &str, is_said: bool) {
        let message = self.form.query_selector(&(".".to_owned() + class));
        if let Ok(Some(message)) = message
            && let Ok(message) = message.dyn_into::<HtmlElement>()
        {
            message.set_hidden(!is_said);
        }
    }

    /// Whether something was typed before the code was there, or put back by the browser.
    fn is_typed_into(&self) -> bool {
        let elements = self.form.elements();
        let mut elements = (0..elements.length()).filter_map(|index| elements.item(index));
        elements.any(|element| {
            let property = |name: &str| Reflect::get(&element, &name.into()).ok()?.as_string();
            let default = property("defaultValue");
            default.is_some() && default != property("value")
        })
    }

    /// The generation that the form would send, which is that of the page.
    fn generation(&self) -> String {
        let data = FormData::new_with_form(&self.form).ok();
        let generation = data.and_then(|data| data.get(GENERATION_FIELD).as_string());
        generation.unwrap_or_default()
    }

    /// What the form would send, as JSON, without the generation, which goes into a header.
    fn typed(&self) -> Option<String> {
        let data = FormData::new_with_form(&self.form).ok()?;
        data.delete(GENERATION_FIELD);
        data.set_with_str(DRAFT_FORM_FIELD, &self.name).ok()?;
        Some(JSON::stringify(&Array::from(&data)).ok()?.into())
    }
}

fn id_field(form: &HtmlFormElement) -> Option<HtmlInputElement> {
    let selector = format!("input[name={DRAFT_FIELD}]");
    let field = form.query_selector(&selector).ok()??;
    field.dyn_into().ok()
}

/// What is in a form, whatever its draft is called.
fn text_of(form: &HtmlFormElement) -> Option<String> {
    let data = FormData::new_with_form(form).ok()?;
    data.delete(GENERATION_FIELD);
    data.delete(DRAFT_FIELD);
    Some(JSON::stringify(&Array::from(&data)).ok()?.into())
}

/// Fills the elements of a form like those of another.
fn copy(from: &HtmlCollection, to: &HtmlCollection) {
    for index in 0..to.length() {
        if let (Some(from), Some(to)) = (from.item(index), to.item(index)) {
            for name in ["defaultValue", "value"].map(JsValue::from) {
                if let Ok(value) = Reflect::get(&from, &name) {
                    // Fails for no element of a form.
                    let _ = Reflect::set(&to, &name, &value);
                }
            }
        }
    }
}

/// Shows what is offered by now in the place of what was.
fn show_offers(document: &Document, latest: &Element) {
    let latest = latest.query_selector(&format!("#{OFFERS_ID}"));
    if let (Ok(Some(latest)), Some(shown)) = (latest, document.get_element_by_id(OFFERS_ID))
        && latest.text_content() != shown.text_content()
    {
        shown.set_inner_html(&latest.inner_html());
    }
}
