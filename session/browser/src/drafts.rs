//! Keeps what is typed into the forms that are worth protecting: on the server, for the person
//! who typed it, and nowhere in the browser (`F3`).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use dwell_overlay::markup::{
    DRAFT_ADDRESS_ATTRIBUTE, DRAFT_ATTRIBUTE, DRAFT_LATEST_ATTRIBUTE, NOT_KEPT_ATTRIBUTE,
    OFFERS_ATTRIBUTE, TOO_LONG_ATTRIBUTE,
};
use dwell_session::{Generation, Names};
use gloo_timers::callback::Timeout;
use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{
    Element, FormData, HtmlCollection, HtmlElement, HtmlFormElement, HtmlInputElement, Node,
};

use crate::{
    driver::Driver,
    listener::listen_to,
    page::{Page, named},
    server::{self, PATIENCE_MS, Saving},
};

/// How long after a change it is saved, in milliseconds. Whatever is changed meanwhile goes along.
const SAVED_AFTER_MS: u32 = 3_000;

/// How often that time is doubled at most while saving fails: up to 48 s.
const MOST_DOUBLINGS: u32 = 4;

/// How long somebody who signs out waits for what they typed to be saved, in milliseconds.
const PATIENCE_AT_SIGN_OUT_MS: u32 = 1_000;

/// The forms of a page that are worth protecting.
pub(crate) struct Drafts {
    page: Rc<Page>,
    /// Called with what was fetched before it comes into the page.
    prepare: fn(&Element),
    known: RefCell<Vec<Rc<Draft>>>,
}

struct Draft {
    page: Rc<Page>,
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
    /// The drafts of the forms that are in the page by now.
    pub(crate) fn of(page: &Rc<Page>, prepare: fn(&Element)) -> Self {
        let drafts = Self {
            page: Rc::clone(page),
            prepare,
            known: RefCell::default(),
        };
        drafts.look(None);
        drafts
    }

    /// A router in the browser may have put forms into the page, and taken others away. Something was
    /// typed at `typed_at`; a form that is new holds nothing else that was typed.
    fn look(&self, typed_at: Option<&Node>) {
        let found = self
            .page
            .find_all(&("form[".to_owned() + DRAFT_ATTRIBUTE + "]"));
        let mut known = self.known.borrow_mut();
        known.retain(|draft| {
            let is_there = found.iter().any(|form| *form == **draft.form);
            if !is_there {
                draft.save_for_good();
            }
            is_there
        });
        for form in found {
            if known.iter().any(|draft| form == **draft.form) {
                continue;
            }
            let draft = Draft::of(&self.page, form.unchecked_into());
            let is_typed_into = match typed_at {
                Some(at) => draft.form.contains(Some(at)),
                None => draft.is_typed_into(),
            };
            if !is_typed_into {
                draft.begins_saved();
                spawn_local(Rc::clone(&draft).catch_up(self.prepare));
            }
            known.push(draft);
        }
    }

    /// Something was typed at `at`, which is saved soon. `tell` is handed the id of what begins to be
    /// written by that.
    pub(crate) fn typed(&self, at: Option<&Node>, tell: impl Fn(&str)) {
        self.look(at);
        self.save_soon(tell);
    }

    /// Saves what is new soon. `tell` is handed the id of what begins to be written by that.
    pub(crate) fn save_soon(&self, tell: impl Fn(&str)) {
        for draft in self.known() {
            if let Some(id) = draft.save_soon() {
                tell(&id);
            }
        }
    }

    /// Another tab writes the draft with this id: of two that write the same, each would overwrite
    /// the other's.
    pub(crate) fn written_elsewhere(&self, id: &str) {
        for draft in self.known() {
            draft.written_elsewhere(id);
        }
    }

    /// Whether something is new and could not be saved.
    pub(crate) fn has_unkept(&self) -> bool {
        self.known().iter().any(|draft| draft.is_unkept())
    }

    /// Saves what is new now, although the page may be gone before there is an answer.
    pub(crate) fn save(&self) {
        for draft in self.known() {
            draft.save_for_good();
        }
    }

    /// As [`save`](Self::save), to wait for, though not for long.
    pub(crate) async fn save_before_sign_out(&self) {
        for draft in self.known() {
            if let Some(typed) = draft.unsaved() {
                draft.save(typed, PATIENCE_AT_SIGN_OUT_MS, true).await;
            }
        }
    }

    fn known(&self) -> Vec<Rc<Draft>> {
        self.known.borrow().clone()
    }
}

/// Listens for as long as the page exists. What is typed is saved, also what a script or an extension
/// types, and so it is before anything that may lead away from the page. Forms that are sent name their
/// session. If what was typed cannot be kept, the browser asks whether to leave.
pub(crate) fn listen(driver: &Rc<Driver>) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let typing = Rc::clone(driver);
    listen_to(&window, "input", move |event| {
        let at = event.target().and_then(|target| target.dyn_into().ok());
        typing.typed(at.as_ref());
    });
    // Before any code of the page reads the form.
    let sending = Rc::clone(driver);
    listen_to(&window, "submit", move |event| {
        let form = event.target().and_then(|target| target.dyn_into().ok());
        form.iter().for_each(|form| sending.sending(form));
    });
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
    fn of(page: &Rc<Page>, form: HtmlFormElement) -> Rc<Self> {
        let draft = Rc::new(Self {
            page: Rc::clone(page),
            name: form.get_attribute(DRAFT_ATTRIBUTE).unwrap_or_default(),
            form,
            saved: RefCell::default(),
            sent_for_good: RefCell::default(),
            submitted: RefCell::default(),
            timer: RefCell::default(),
            failures: Cell::new(0),
        });
        if draft.id_field().is_none() {
            // Fails for no form that is in a page.
            let _ = draft.add_id_field();
        }
        page.fill_in_generation(&draft.form);
        let sending = Rc::clone(&draft);
        listen_to(&draft.form, "submit", move |_| {
            sending.submitted.replace(sending.typed());
        });
        draft
    }

    fn names(&self) -> &Names {
        self.page.names()
    }

    /// Whether somebody can see the form. While the page is concealed nobody can, and what was in the
    /// form was saved before; what a router took away is still to be saved.
    fn is_in_use(&self) -> bool {
        self.form.is_connected() || !self.page.is_concealed()
    }

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
            .is_some_and(|typed| typed.len() > Names::LONGEST_DRAFT);
        self.say(TOO_LONG_ATTRIBUTE, is_too_long);
        if unsaved.is_none() || is_too_long || self.timer.borrow().is_some() {
            return None;
        }
        self.name_in_address();
        let draft = Rc::clone(self);
        let delay_ms = SAVED_AFTER_MS << self.failures.get();
        *self.timer.borrow_mut() = Some(Timeout::new(delay_ms, move || {
            spawn_local(draft.save_in_time());
        }));
        Some(self.id_field()?.value())
    }

    fn written_elsewhere(self: &Rc<Self>, id: &str) {
        let is_this = self.id_field().is_some_and(|field| field.value() == id);
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
        let typed = self.unsaved().filter(|_| self.is_in_use());
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
        if typed.len() > Names::LONGEST_DRAFT {
            return;
        }
        loop {
            let generation = self.generation();
            let saving = server::save_draft(
                self.names(),
                &typed,
                &generation,
                patience_ms,
                outlives_page,
            );
            match saving.await {
                Saving::Done => {
                    self.failures.set(0);
                    self.say(NOT_KEPT_ATTRIBUTE, false);
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
                    self.say(NOT_KEPT_ATTRIBUTE, self.form.is_connected());
                    return;
                }
            }
        }
    }

    /// The page before this one may have been saving still while this one was made. What is there
    /// by now comes into the form, and into what is offered, unless somebody has begun to type.
    async fn catch_up(self: Rc<Self>, prepare: fn(&Element)) {
        let (Some(window), Some(path)) = (
            web_sys::window(),
            self.form.get_attribute(DRAFT_LATEST_ATTRIBUTE),
        ) else {
            return;
        };
        let asked = window.location().search().unwrap_or_default();
        let (Some(document), Some(html)) =
            (window.document(), server::html(&(path + &asked)).await)
        else {
            return;
        };
        if self.is_typed_into() || !self.form.is_connected() {
            return;
        }
        let Ok(latest) = document.create_element("div") else {
            return;
        };
        latest.set_inner_html(&html);
        prepare(&latest);
        let selector = "form[".to_owned() + DRAFT_ATTRIBUTE + "=" + &self.name + "]";
        let form = latest.query_selector(&selector).ok().flatten();
        if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok())
            && self
                .id_field_of(&form)
                .is_some_and(|id| asked.ends_with(&id.value()))
            && self.text_of(&form) != self.text_of(&self.form)
        {
            copy(&form.elements(), &self.form.elements());
            self.begins_saved();
        }
        self.show_offers(&latest);
    }

    /// Shows what is offered by now in the place of what was.
    fn show_offers(&self, latest: &Element) {
        let selector = "[".to_owned() + OFFERS_ATTRIBUTE + "]";
        let latest = latest.query_selector(&selector);
        if let (Ok(Some(latest)), Some(shown)) = (latest, self.page.find_all(&selector).first())
            && latest.text_content() != shown.text_content()
        {
            shown.set_inner_html(&latest.inner_html());
        }
    }

    /// Loading the page again, or coming back to it after signing in, puts what is typed back, where
    /// the page has an address for that.
    fn name_in_address(&self) {
        let Some(window) = web_sys::window() else {
            return;
        };
        if let (Some(field), Some(address), Ok(history)) = (
            self.id_field(),
            self.form.get_attribute(DRAFT_ADDRESS_ATTRIBUTE),
            window.history(),
        ) {
            let address = address + &field.value();
            // A router in the browser may keep something of its own there.
            let state = history.state().unwrap_or_default();
            // Fails only where that is done too often.
            let _ = history.replace_state_with_url(&state, "", Some(&address));
        }
    }

    /// A page that came back from the history may hold the id of a draft that is done with. What
    /// is typed into it now is another draft. Tells whether it has an id of its own.
    fn begin_another(&self) -> bool {
        let Some(field) = self.id_field() else {
            return false;
        };
        field.set_value(&fresh_id());
        true
    }

    /// Shows or hides what the form has to say.
    fn say(&self, attribute: &str, is_said: bool) {
        let message = self
            .form
            .query_selector(&("[".to_owned() + attribute + "]"));
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
        let generation = data.and_then(|data| data.get(&self.names().generation_field).as_string());
        generation.unwrap_or_default()
    }

    /// What the form would send, as JSON, without the generation, which goes into a header.
    fn typed(&self) -> Option<String> {
        let data = FormData::new_with_form(&self.form).ok()?;
        data.delete(&self.names().generation_field);
        data.set_with_str(&self.names().form_field, &self.name)
            .ok()?;
        Some(JSON::stringify(&Array::from(&data)).ok()?.into())
    }

    /// What is in a form, whatever its draft is called.
    fn text_of(&self, form: &HtmlFormElement) -> Option<String> {
        let data = FormData::new_with_form(form).ok()?;
        data.delete(&self.names().generation_field);
        data.delete(&self.names().draft_field);
        Some(JSON::stringify(&Array::from(&data)).ok()?.into())
    }

    fn id_field(&self) -> Option<HtmlInputElement> {
        self.id_field_of(&self.form)
    }

    /// A program that shows no draft in its form again need not know of the field.
    fn add_id_field(&self) -> Option<()> {
        let document = self.form.owner_document()?;
        let field: HtmlInputElement = document.create_element("input").ok()?.unchecked_into();
        field.set_attribute("type", "hidden").ok()?;
        field
            .set_attribute("name", &self.names().draft_field)
            .ok()?;
        field.set_value(&fresh_id());
        self.form.append_child(&field).ok()?;
        Some(())
    }

    fn id_field_of(&self, form: &HtmlFormElement) -> Option<HtmlInputElement> {
        let selector = named(&self.names().draft_field);
        form.query_selector(&selector).ok()??.dyn_into().ok()
    }
}

/// One that no other draft of the same person has.
fn fresh_id() -> String {
    let [high, low] = [(); 2].map(|()| u128::from(js_sys::Math::random().to_bits()));
    Generation::from_random(high << 64 | low).to_string()
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
