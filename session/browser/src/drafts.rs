//! Saves drafts of the forms that are worth protecting: on the server, for the person who typed
//! them, and never in the browser's storage (`F3`).

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
    page::{Page, field_selector},
    server::{self, REQUEST_TIMEOUT_MS, SaveOutcome},
};

/// How long after a change a draft is saved, in milliseconds. Later changes until then are saved
/// with it.
const SAVE_DELAY_MS: u32 = 3_000;

/// How often that delay is doubled at most while saving fails, which is up to 48 seconds.
const MAX_DOUBLINGS: u32 = 4;

/// How long signing out waits for a draft to be saved, in milliseconds.
const SIGN_OUT_TIMEOUT_MS: u32 = 1_000;

/// The drafts of the forms in the page.
pub(crate) struct Drafts {
    page: Rc<Page>,
    /// Called with fetched elements before they are put into the page.
    prepare: fn(&Element),
    known: RefCell<Vec<Rc<Draft>>>,
}

struct Draft {
    page: Rc<Page>,
    form: HtmlFormElement,
    name: String,
    /// The content of the form when it was last saved, or when the page was loaded.
    saved: RefCell<String>,
    /// The content in the latest request that completes even if the page is closed.
    sent_before_leaving: RefCell<String>,
    /// The content of the form when the form itself was submitted.
    submitted: RefCell<Option<String>>,
    /// Set from a change until the change has been saved.
    timer: RefCell<Option<Timeout>>,
    failures: Cell<u32>,
}

impl Drafts {
    /// Finds the forms that are in the page now.
    pub(crate) fn of(page: &Rc<Page>, prepare: fn(&Element)) -> Self {
        let drafts = Self {
            page: Rc::clone(page),
            prepare,
            known: RefCell::default(),
        };
        drafts.find_forms(None);
        drafts
    }

    /// Finds forms that a router in the browser has added, and drops those that it has removed.
    /// `typed_at` is where the user just typed. A new form that does not contain it has no input
    /// that was not saved.
    fn find_forms(&self, typed_at: Option<&Node>) {
        let found = self
            .page
            .find_all(&("form[".to_owned() + DRAFT_ATTRIBUTE + "]"));
        let mut known = self.known.borrow_mut();
        known.retain(|draft| {
            let is_there = found.iter().any(|form| *form == **draft.form);
            if !is_there {
                draft.save_before_leaving();
            }
            is_there
        });
        for form in found {
            if known.iter().any(|draft| form == **draft.form) {
                continue;
            }
            let draft = Draft::of(&self.page, form.unchecked_into());
            let has_input = match typed_at {
                Some(at) => draft.form.contains(Some(at)),
                None => draft.has_input(),
            };
            if !has_input {
                draft.mark_as_saved();
                spawn_local(Rc::clone(&draft).load_latest(self.prepare));
            }
            known.push(draft);
        }
    }

    /// Saves soon what was typed at `at`. `announce` is called with the id of every draft that this
    /// tab starts to write.
    pub(crate) fn handle_input(&self, at: Option<&Node>, announce: impl Fn(&str)) {
        self.find_forms(at);
        self.save_soon(announce);
    }

    /// Saves changes soon. `announce` is called with the id of every draft that this tab starts to
    /// write.
    pub(crate) fn save_soon(&self, announce: impl Fn(&str)) {
        for draft in self.all() {
            if let Some(id) = draft.save_soon() {
                announce(&id);
            }
        }
    }

    /// Another tab has started to write the draft with this id, so this tab continues under a new
    /// id. Otherwise each would overwrite the other's text.
    pub(crate) fn written_elsewhere(&self, id: &str) {
        for draft in self.all() {
            draft.written_elsewhere(id);
        }
    }

    /// Whether there are changes that could not be saved.
    pub(crate) fn has_failed_changes(&self) -> bool {
        self.all().iter().any(|draft| draft.has_failed_changes())
    }

    /// Saves changes now, with requests that complete even if the page is closed.
    pub(crate) fn save(&self) {
        for draft in self.all() {
            draft.save_before_leaving();
        }
    }

    /// Like [`save`](Self::save), but waits for a short time until the drafts are saved.
    pub(crate) async fn save_before_sign_out(&self) {
        for draft in self.all() {
            if let Some(typed) = draft.unsaved() {
                draft.save(typed, SIGN_OUT_TIMEOUT_MS, true).await;
            }
        }
    }

    fn all(&self) -> Vec<Rc<Draft>> {
        self.known.borrow().clone()
    }
}

/// Registers the listeners, which stay for as long as the page exists. Input is saved as a draft,
/// also if it comes from a script or a browser extension, and at the latest before anything that
/// may leave the page. Submitted forms get the generation of the session. If a draft could not be
/// saved, the browser asks the user before it leaves the page.
pub(crate) fn listen(driver: &Rc<Driver>) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let typing = Rc::clone(driver);
    listen_to(&window, "input", move |event| {
        let at = event.target().and_then(|target| target.dyn_into().ok());
        typing.handle_input(at.as_ref());
    });
    // This runs before any code of the page reads the form.
    let submitting = Rc::clone(driver);
    listen_to(&window, "submit", move |event| {
        let form = event.target().and_then(|target| target.dyn_into().ok());
        form.iter().for_each(|form| submitting.handle_submit(form));
    });
    let leaving = Rc::clone(driver);
    listen_to(&window, "click", move |_| leaving.save_drafts());
    let leaving = Rc::clone(driver);
    listen_to(&window, "beforeunload", move |event| {
        leaving.save_drafts();
        if leaving.has_failed_changes() {
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
            sent_before_leaving: RefCell::default(),
            submitted: RefCell::default(),
            timer: RefCell::default(),
            failures: Cell::new(0),
        });
        if draft.id_field().is_none() {
            // This cannot fail for a form that is in a page.
            let _ = draft.add_id_field();
        }
        page.fill_in_generation(&draft.form);
        let submitted = Rc::clone(&draft);
        listen_to(&draft.form, "submit", move |_| {
            submitted.submitted.replace(submitted.content());
        });
        draft
    }

    fn names(&self) -> &Names {
        self.page.names()
    }

    /// Whether changes of the form still have to be saved. A concealed form was saved when it was
    /// concealed. A form that a router has removed may have changes that were not saved.
    fn is_in_use(&self) -> bool {
        self.form.is_connected() || !self.page.is_concealed()
    }

    fn mark_as_saved(&self) {
        *self.saved.borrow_mut() = self.content().unwrap_or_default();
    }

    fn unsaved(&self) -> Option<String> {
        self.content()
            .filter(|typed| *typed != *self.saved.borrow())
    }

    /// Starts the timer for saving if there are changes. Returns the id of the draft if this tab
    /// thereby starts to write it.
    fn save_soon(self: &Rc<Self>) -> Option<String> {
        let unsaved = self.unsaved();
        let is_too_long = unsaved
            .as_ref()
            .is_some_and(|typed| typed.len() > Names::LONGEST_DRAFT);
        self.set_message_visible(TOO_LONG_ATTRIBUTE, is_too_long);
        if unsaved.is_none() || is_too_long || self.timer.borrow().is_some() {
            return None;
        }
        self.put_id_into_address();
        let draft = Rc::clone(self);
        let delay_ms = SAVE_DELAY_MS << self.failures.get();
        *self.timer.borrow_mut() = Some(Timeout::new(delay_ms, move || {
            spawn_local(draft.save_when_due());
        }));
        Some(self.id_field()?.value())
    }

    fn written_elsewhere(self: &Rc<Self>, id: &str) {
        let is_this = self.id_field().is_some_and(|field| field.value() == id);
        if is_this && self.assign_new_id() {
            match self.has_input() {
                true => drop(self.save_soon()),
                false => self.mark_as_saved(),
            }
        }
    }

    /// Whether changes of a visible form could not be saved. There is more time to save those of a
    /// concealed form.
    fn has_failed_changes(&self) -> bool {
        self.failures.get() > 0 && self.form.is_connected() && self.unsaved().is_some()
    }

    /// Saves changes when the timer fires. A concealed form was saved when it was concealed.
    async fn save_when_due(self: Rc<Self>) {
        let typed = self.unsaved().filter(|_| self.is_in_use());
        if let Some(typed) = typed {
            self.save(typed, REQUEST_TIMEOUT_MS, false).await;
        }
        self.timer.borrow_mut().take();
        if self.form.is_connected() {
            self.save_soon();
        }
    }

    fn save_before_leaving(self: &Rc<Self>) {
        let Some(typed) = self.unsaved() else { return };
        if *self.sent_before_leaving.borrow() == typed {
            return;
        }
        self.sent_before_leaving.borrow_mut().clone_from(&typed);
        let draft = Rc::clone(self);
        spawn_local(async move { draft.save(typed, REQUEST_TIMEOUT_MS, true).await });
    }

    async fn save(&self, mut typed: String, timeout_ms: u32, outlives_page: bool) {
        if typed.len() > Names::LONGEST_DRAFT {
            return;
        }
        loop {
            let generation = self.generation();
            let saving =
                server::save_draft(self.names(), &typed, &generation, timeout_ms, outlives_page);
            match saving.await {
                SaveOutcome::Done => {
                    self.failures.set(0);
                    self.set_message_visible(NOT_KEPT_ATTRIBUTE, false);
                    *self.saved.borrow_mut() = typed;
                    return;
                }
                // The form itself was submitted, and arrived before this request.
                SaveOutcome::UsedUp if self.content() == *self.submitted.borrow() => {
                    self.mark_as_saved();
                    return;
                }
                SaveOutcome::UsedUp if self.assign_new_id() => {
                    typed = self.content().unwrap_or_default();
                }
                SaveOutcome::UsedUp | SaveOutcome::Failed => {
                    self.failures
                        .set((self.failures.get() + 1).min(MAX_DOUBLINGS));
                    self.sent_before_leaving.borrow_mut().clear();
                    self.set_message_visible(NOT_KEPT_ATTRIBUTE, self.form.is_connected());
                    return;
                }
            }
        }
    }

    /// The page before this one may still have been saving when the server rendered this one.
    /// Fetches the latest content, and puts it into the form and into the list of drafts unless the
    /// user has started to type.
    async fn load_latest(self: Rc<Self>, prepare: fn(&Element)) {
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
        if self.has_input() || !self.form.is_connected() {
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
            && self.content_without_id(&form) != self.content_without_id(&self.form)
        {
            copy_values(&form.elements(), &self.form.elements());
            self.mark_as_saved();
        }
        self.show_offers(&latest);
    }

    /// Replaces the list of drafts in the page by the latest one.
    fn show_offers(&self, latest: &Element) {
        let selector = "[".to_owned() + OFFERS_ATTRIBUTE + "]";
        let latest = latest.query_selector(&selector);
        if let (Ok(Some(latest)), Some(shown)) = (latest, self.page.find_all(&selector).first())
            && latest.text_content() != shown.text_content()
        {
            shown.set_inner_html(&latest.inner_html());
        }
    }

    /// Puts the id of the draft into the address of the page, if the form has an address for
    /// drafts. Then the draft is shown again when the page is reloaded or opened after signing in.
    fn put_id_into_address(&self) {
        let Some(window) = web_sys::window() else {
            return;
        };
        if let (Some(field), Some(address), Ok(history)) = (
            self.id_field(),
            self.form.get_attribute(DRAFT_ADDRESS_ATTRIBUTE),
            window.history(),
        ) {
            let address = address + &field.value();
            // A router in the browser may keep its own state there.
            let state = history.state().unwrap_or_default();
            // This fails only if it is done too often.
            let _ = history.replace_state_with_url(&state, "", Some(&address));
        }
    }

    /// Gives the form a new draft id, because a page from the history may have the id of a draft
    /// that was saved or discarded. Returns whether the form has a field for the id.
    fn assign_new_id(&self) -> bool {
        let Some(field) = self.id_field() else {
            return false;
        };
        field.set_value(&new_draft_id());
        true
    }

    /// Shows or hides a message of the form, which has this attribute.
    fn set_message_visible(&self, attribute: &str, is_visible: bool) {
        let message = self
            .form
            .query_selector(&("[".to_owned() + attribute + "]"));
        if let Ok(Some(message)) = message
            && let Ok(message) = message.dyn_into::<HtmlElement>()
        {
            message.set_hidden(!is_visible);
        }
    }

    /// Whether the form has input: the user typed before this code ran, or the browser restored the
    /// form.
    fn has_input(&self) -> bool {
        let elements = self.form.elements();
        let mut elements = (0..elements.length()).filter_map(|index| elements.item(index));
        elements.any(|element| {
            let property = |name: &str| Reflect::get(&element, &name.into()).ok()?.as_string();
            let default = property("defaultValue");
            default.is_some() && default != property("value")
        })
    }

    /// The generation in the form, which is that of the page.
    fn generation(&self) -> String {
        let data = FormData::new_with_form(&self.form).ok();
        let generation = data.and_then(|data| data.get(&self.names().generation_field).as_string());
        generation.unwrap_or_default()
    }

    /// The content of the form as JSON, without the generation, which is sent in a header.
    fn content(&self) -> Option<String> {
        let data = FormData::new_with_form(&self.form).ok()?;
        data.delete(&self.names().generation_field);
        data.set_with_str(&self.names().form_field, &self.name)
            .ok()?;
        Some(JSON::stringify(&Array::from(&data)).ok()?.into())
    }

    /// The content of a form as JSON, without the id of its draft.
    fn content_without_id(&self, form: &HtmlFormElement) -> Option<String> {
        let data = FormData::new_with_form(form).ok()?;
        data.delete(&self.names().generation_field);
        data.delete(&self.names().draft_field);
        Some(JSON::stringify(&Array::from(&data)).ok()?.into())
    }

    fn id_field(&self) -> Option<HtmlInputElement> {
        self.id_field_of(&self.form)
    }

    /// Adds the field for the id of the draft, which programs that never show drafts leave out.
    fn add_id_field(&self) -> Option<()> {
        let document = self.form.owner_document()?;
        let field: HtmlInputElement = document.create_element("input").ok()?.unchecked_into();
        field.set_attribute("type", "hidden").ok()?;
        field
            .set_attribute("name", &self.names().draft_field)
            .ok()?;
        field.set_value(&new_draft_id());
        self.form.append_child(&field).ok()?;
        Some(())
    }

    fn id_field_of(&self, form: &HtmlFormElement) -> Option<HtmlInputElement> {
        let selector = field_selector(&self.names().draft_field);
        form.query_selector(&selector).ok()??.dyn_into().ok()
    }
}

/// A new random id for a draft.
fn new_draft_id() -> String {
    let [high, low] = [(); 2].map(|()| u128::from(js_sys::Math::random().to_bits()));
    Generation::from_random(high << 64 | low).to_string()
}

/// Copies the values of a form's elements to those of another form.
fn copy_values(from: &HtmlCollection, to: &HtmlCollection) {
    for index in 0..to.length() {
        if let (Some(from), Some(to)) = (from.item(index), to.item(index)) {
            for name in ["defaultValue", "value"].map(JsValue::from) {
                if let Ok(value) = Reflect::get(&from, &name) {
                    // This cannot fail for an element of a form.
                    let _ = Reflect::set(&to, &name, &value);
                }
            }
        }
    }
}
