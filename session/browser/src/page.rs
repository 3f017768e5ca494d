//! The document of the page: conceals and reveals it, and navigates away from it.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use dwell_overlay::{
    SignIn, Texts,
    markup::{NAMES_META, SIGN_IN_ATTRIBUTE, STATE_ATTRIBUTE, STATUS_META, STAYS_ATTRIBUTE},
    title,
};
use dwell_session::{ActiveStatus, Concealed, EndReason, Generation, Names, Screen, Status};
use wasm_bindgen::{JsCast as _, JsValue, prelude::wasm_bindgen};
use web_sys::{
    Document, DocumentFragment, Element, HtmlElement, HtmlFormElement, HtmlInputElement, Node,
    NodeList, Performance, VisibilityState, Window,
};

use crate::{StartError, wire};

#[wasm_bindgen]
extern "C" {
    /// The guard of the page, which is called with milliseconds from now. Pages without a guard do
    /// not have this function.
    #[wasm_bindgen(catch, js_name = dwellGuard)]
    fn guard(left_ms: f64) -> Result<(), JsValue>;
}

/// A page that is shown in a session. Forms, the title and the address are looked up whenever they
/// are needed, because a router in the browser may change them.
pub(crate) struct Page {
    window: Window,
    performance: Performance,
    document: Document,
    root: Element,
    names: Names,
    texts: &'static Texts,
    generation: Cell<Option<Generation>>,
    /// The nodes that are out of the document while the page is concealed.
    removed: RefCell<Vec<RemovedNodes>>,
    titles: RefCell<Titles>,
    /// The element of the content that has the focus, or had it before the countdown took the
    /// focus.
    focused: RefCell<Option<HtmlElement>>,
    /// The scroll position when the page was concealed.
    scroll_position: Cell<Option<(f64, f64)>>,
}

/// Adjacent nodes that were taken out of the document. They keep their order, so that the code that
/// renders them can still update them.
struct RemovedNodes {
    /// The element in their place.
    place: Element,
    content: DocumentFragment,
}

#[derive(Default)]
struct Titles {
    /// The title of the page itself.
    own: String,
    /// The latest title that was shown instead.
    shown: Option<String>,
}

impl Page {
    pub(crate) fn find(texts: &'static Texts) -> Result<Self, StartError> {
        Self::of_window(texts).ok_or(StartError::NoPage)
    }

    fn of_window(texts: &'static Texts) -> Option<Self> {
        let window = web_sys::window()?;
        let document = window.document()?;
        Some(Self {
            performance: window.performance()?,
            root: document.document_element()?,
            names: names(&document),
            texts,
            generation: Cell::new(None),
            removed: RefCell::default(),
            titles: RefCell::default(),
            focused: RefCell::default(),
            scroll_position: Cell::new(None),
            window,
            document,
        })
    }

    /// The status of the session in the page.
    pub(crate) fn status(&self) -> Result<ActiveStatus, StartError> {
        let json = meta(&self.document, STATUS_META).ok_or(StartError::NoStatus)?;
        match wire::status(&json) {
            Some(Status::Active(status)) => {
                self.generation.set(Some(status.generation));
                Ok(status)
            }
            Some(Status::Ended { .. } | Status::Anonymous) | None => Err(StartError::InvalidStatus),
        }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    pub(crate) fn performance(&self) -> Performance {
        self.performance.clone()
    }

    pub(crate) fn is_visible(&self) -> bool {
        self.document.visibility_state() == VisibilityState::Visible
    }

    pub(crate) fn is_concealed(&self) -> bool {
        !self.removed.borrow().is_empty()
    }

    /// All elements that match `selector`, concealed or not.
    pub(crate) fn find_all(&self, selector: &str) -> Vec<Element> {
        let mut found = Vec::new();
        // A document and a fragment are not elements, but only methods that they have in common are
        // called.
        self.find_in(self.document.unchecked_ref(), selector, &mut found);
        for removed in &*self.removed.borrow() {
            self.find_in(removed.content.unchecked_ref(), selector, &mut found);
        }
        found
    }

    fn find_in(&self, root: &Element, selector: &str, found: &mut Vec<Element>) {
        if let Ok(list) = root.query_selector_all(selector) {
            let mut index = 0;
            while let Some(element) = list.item(index) {
                found.push(element.unchecked_into());
                index += 1;
            }
        }
    }

    /// Continues in another session of the same person: puts its generation into the forms.
    pub(crate) fn adopt(&self, generation: Generation) {
        self.generation.set(Some(generation));
        let generation = generation.to_string();
        for field in self.find_all(&field_selector(&self.names.generation_field)) {
            field
                .unchecked_into::<HtmlInputElement>()
                .set_value(&generation);
        }
    }

    /// Fills in the generation in a form that code in the browser has rendered without it.
    pub(crate) fn fill_in_generation(&self, form: &HtmlFormElement) {
        if let (Ok(Some(field)), Some(generation)) = (
            form.query_selector(&field_selector(&self.names.generation_field)),
            self.generation.get(),
        ) {
            let field: HtmlInputElement = field.unchecked_into();
            if field.value().is_empty() {
                field.set_value(&generation.to_string());
            }
        }
    }

    /// An element for the overlay that is not concealed with the page.
    pub(crate) fn overlay_host(&self) -> Result<HtmlElement, StartError> {
        self.append_host().ok_or(StartError::NoPage)
    }

    fn append_host(&self) -> Option<HtmlElement> {
        let host = self.create_staying("div")?;
        self.document.body()?.append_child(&host).ok()?;
        Some(host.unchecked_into())
    }

    /// Creates an element that stays while the page is concealed.
    fn create_staying(&self, name: &str) -> Option<Element> {
        let element = self.document.create_element(name).ok()?;
        element.set_attribute(STAYS_ATTRIBUTE, "").ok()?;
        Some(element)
    }

    /// Tells the guard to close the page after `left`, or that the driver has concealed the page.
    pub(crate) fn guard(&self, left: Option<Duration>) {
        call_guard(left.map_or(f64::INFINITY, |left| left.as_secs_f64() * 1_000.0));
    }

    pub(crate) fn show(&self, screen: Screen) {
        let state = match screen {
            Screen::Page => "active",
            Screen::Countdown(_) => "warning",
            Screen::Concealed(Concealed::Ended(_)) => "ended",
            Screen::Concealed(_) => "concealed",
        };
        self.remember_focus();
        if matches!(screen, Screen::Concealed(_)) {
            self.conceal();
        }
        // The style hides the content by this attribute too. This fails only for an invalid
        // attribute name.
        let _ = self.root.set_attribute(STATE_ATTRIBUTE, state);
        if matches!(screen, Screen::Page | Screen::Countdown(_)) {
            self.reveal();
        }
        self.show_title(title(self.texts, &screen));
    }

    /// Takes the content out of the document, so that it cannot be seen, searched or read out
    /// (`C8`). Input in it is kept.
    fn conceal(&self) {
        if !self.is_concealed() {
            self.scroll_position.set(Some((
                self.window.scroll_x().unwrap_or_default(),
                self.window.scroll_y().unwrap_or_default(),
            )));
        }
        // If the guard has closed the page, it puts the content back first, so that it is later
        // revealed in the right place.
        call_guard(f64::NAN);
        let Some(content) = self.content() else {
            return;
        };
        // The nodes are taken in reverse order, because the list of a whole body shrinks with every
        // node.
        for index in (0..content.length()).rev() {
            if let Some(node) = content.item(index)
                && !stays(&node)
            {
                // This fails only if a listener has moved the node.
                let _ = self.remove(&node);
            }
        }
    }

    /// The nodes to take out of the document, in document order. For a whole body these include
    /// texts and the comment nodes of rendering libraries.
    fn content(&self) -> Option<NodeList> {
        match self.document.body() {
            Some(body) if self.names.concealed == Names::WHOLE_PAGE => Some(body.child_nodes()),
            _ => self.document.query_selector_all(&self.names.concealed).ok(),
        }
    }

    fn remove(&self, node: &Node) -> Option<()> {
        let mut removed = self.removed.borrow_mut();
        let is_next = |last: &RemovedNodes| node.next_sibling().as_ref() == Some(&last.place);
        if !removed.last().is_some_and(is_next) {
            let place = self.create_staying("template")?;
            let parent = node.parent_node()?;
            parent
                .insert_before(&place, node.next_sibling().as_ref())
                .ok()?;
            let content = self.document.create_document_fragment();
            removed.push(RemovedNodes { place, content });
        }
        let content = &removed.last()?.content;
        content
            .insert_before(node, content.first_child().as_ref())
            .ok()?;
        Some(())
    }

    fn reveal(&self) {
        let concealed = self.removed.take();
        if concealed.is_empty() {
            return;
        }
        for RemovedNodes { place, content } in concealed {
            // This cannot fail for a fragment.
            let _ = place.replace_with_with_node_1(&content);
        }
        if let Some(focused) = self.focused.borrow().as_ref() {
            let _ = focused.focus();
        }
        if let Some((left, top)) = self.scroll_position.take() {
            self.window.scroll_to_with_x_and_y(left, top);
        }
    }

    /// Remembers the focused element if it is in the content. Elsewhere, the focus is in the
    /// overlay or on its way there, or the guard has just removed it.
    fn remember_focus(&self) {
        if let Some(active) = self.document.active_element()
            && let Ok(Some(_)) = active.closest(&self.names.concealed)
        {
            *self.focused.borrow_mut() = active.dyn_into().ok();
        }
    }

    /// Shows this title, or that of the page, which the page may have changed meanwhile.
    fn show_title(&self, title: Option<String>) {
        let mut titles = self.titles.borrow_mut();
        let current = self.document.title();
        if titles.shown.as_ref() != Some(&current) {
            titles.own = current;
        }
        self.document
            .set_title(title.as_ref().unwrap_or(&titles.own));
        titles.shown = title;
    }

    /// How the user can sign in from this page.
    pub(crate) fn sign_in(&self) -> SignIn {
        let selector = "template[".to_owned() + SIGN_IN_ATTRIBUTE + "]";
        let templates = self.find_all(&selector);
        SignIn {
            address: self.sign_in_address(),
            fields: templates.first().map(Element::inner_html),
        }
    }

    /// The address for signing in that leads back to this page.
    fn sign_in_address(&self) -> String {
        let location = self.window.location();
        let here = self.address() + &location.hash().unwrap_or_default();
        if location.pathname().as_deref() == Ok(&self.names.sign_in) {
            return here;
        }
        let next = String::from(js_sys::encode_uri_component(&here));
        self.names.sign_in.clone().into_owned() + "?next=" + &next
    }

    pub(crate) fn go_to_sign_in(&self) {
        // This fails only for an invalid address.
        let _ = self.window.location().replace(&self.sign_in_address());
    }

    fn address(&self) -> String {
        let location = self.window.location();
        let path = location.pathname().unwrap_or_default();
        path + &location.search().unwrap_or_default()
    }

    /// Goes to the page for signing in or, if another session has replaced that of this page, loads
    /// the page again in that session.
    pub(crate) fn leave(&self, reason: EndReason) {
        if reason == EndReason::Replaced {
            // This uses GET even if the page is the answer to a form. It fails only for an invalid
            // address.
            let _ = self.window.location().replace(&self.address());
        } else {
            self.go_to_sign_in();
        }
    }
}

/// The CSS selector of a form field.
pub(crate) fn field_selector(field: &str) -> String {
    "input[name=\"".to_owned() + field + "\"]"
}

/// Calls the guard. The error of a page without a guard is ignored.
fn call_guard(left_ms: f64) {
    let _ = guard(left_ms);
}

/// The names in the page, with the default for each that is missing.
pub(crate) fn names(document: &Document) -> Names {
    wire::names(&meta(document, NAMES_META).unwrap_or_default())
}

fn meta(document: &Document, name: &str) -> Option<String> {
    let selector = "meta[name=".to_owned() + name + "]";
    document
        .query_selector(&selector)
        .ok()??
        .get_attribute("content")
}

fn stays(node: &Node) -> bool {
    node.dyn_ref::<Element>()
        .is_some_and(|element| element.has_attribute(STAYS_ATTRIBUTE))
}
