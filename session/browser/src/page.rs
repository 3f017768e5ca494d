//! The page: what of it is seen, and where it leads.

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
    /// The page's own guard, which needs none of this code. In milliseconds from now. A page may be
    /// without it.
    #[wasm_bindgen(catch, js_name = dwellGuard)]
    fn guard(left_ms: f64) -> Result<(), JsValue>;
}

/// A page that is shown in a session. Whatever a router in the browser may change, such as its forms,
/// its title and its address, is looked up whenever it is needed.
pub(crate) struct Page {
    window: Window,
    performance: Performance,
    document: Document,
    root: Element,
    names: Names,
    texts: &'static Texts,
    generation: Cell<Option<Generation>>,
    /// What of the page is concealed at the moment.
    taken: RefCell<Vec<Taken>>,
    titles: RefCell<Titles>,
    /// Where in the content the user is, or was before the countdown took the focus.
    focused: RefCell<Option<HtmlElement>>,
    /// How far the page was scrolled when it was concealed.
    concealed_at: Cell<Option<(f64, f64)>>,
}

/// Neighbours that were taken out of the document, in the order in which they stood there, so that
/// whatever renders them may go on doing so.
struct Taken {
    /// Stands in their place.
    place: Element,
    content: DocumentFragment,
}

#[derive(Default)]
struct Titles {
    /// The one that the page has given itself.
    own: String,
    /// The one that was shown in its place last.
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
            taken: RefCell::default(),
            titles: RefCell::default(),
            focused: RefCell::default(),
            concealed_at: Cell::new(None),
            window,
            document,
        })
    }

    /// The status that came with the page.
    pub(crate) fn status(&self) -> Result<ActiveStatus, StartError> {
        let told = meta(&self.document, STATUS_META).ok_or(StartError::NoStatus)?;
        match wire::status(&told) {
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
        !self.taken.borrow().is_empty()
    }

    /// Everything that `selector` finds in the page, concealed or not.
    pub(crate) fn find_all(&self, selector: &str) -> Vec<Element> {
        let mut found = Vec::new();
        // What these roots share with an element is all that is used here.
        self.find_in(self.document.unchecked_ref(), selector, &mut found);
        for taken in &*self.taken.borrow() {
            self.find_in(taken.content.unchecked_ref(), selector, &mut found);
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

    /// Goes on in another session of the same person: forms carry its generation from now on.
    pub(crate) fn adopt(&self, generation: Generation) {
        self.generation.set(Some(generation));
        let generation = generation.to_string();
        for field in self.find_all(&named(&self.names.generation_field)) {
            field
                .unchecked_into::<HtmlInputElement>()
                .set_value(&generation);
        }
    }

    /// A form that code in the browser has made has a field for the generation, and nothing in it.
    pub(crate) fn fill_in_generation(&self, form: &HtmlFormElement) {
        if let (Ok(Some(field)), Some(generation)) = (
            form.query_selector(&named(&self.names.generation_field)),
            self.generation.get(),
        ) {
            let field: HtmlInputElement = field.unchecked_into();
            if field.value().is_empty() {
                field.set_value(&generation.to_string());
            }
        }
    }

    /// A place for the overlay, outside of what may be concealed.
    pub(crate) fn overlay_host(&self) -> Result<HtmlElement, StartError> {
        self.append_host().ok_or(StartError::NoPage)
    }

    fn append_host(&self) -> Option<HtmlElement> {
        let host = self.staying("div")?;
        self.document.body()?.append_child(&host).ok()?;
        Some(host.unchecked_into())
    }

    /// An element that stays while the page is concealed.
    fn staying(&self, name: &str) -> Option<Element> {
        let element = self.document.create_element(name).ok()?;
        element.set_attribute(STAYS_ATTRIBUTE, "").ok()?;
        Some(element)
    }

    /// Has the page close by itself when `left` is over, unless it is told otherwise before. Without
    /// a time the page is concealed, and what stands in its place is the driver's.
    pub(crate) fn guard(&self, left: Option<Duration>) {
        tell_guard(left.map_or(f64::INFINITY, |left| left.as_secs_f64() * 1_000.0));
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
        // Hides the content too. Fails only for an attribute with an impossible name.
        let _ = self.root.set_attribute(STATE_ATTRIBUTE, state);
        if matches!(screen, Screen::Page | Screen::Countdown(_)) {
            self.reveal();
        }
        self.show_title(title(self.texts, &screen));
    }

    /// Takes the content out of the document, so that nothing of it can be seen, searched or
    /// read out (`C8`). What was typed into it is kept.
    fn conceal(&self) {
        if !self.is_concealed() {
            self.concealed_at.set(Some((
                self.window.scroll_x().unwrap_or_default(),
                self.window.scroll_y().unwrap_or_default(),
            )));
        }
        // What the guard has taken out before is to come back to its own place.
        tell_guard(f64::NAN);
        let Some(content) = self.content() else {
            return;
        };
        // From its end, since the list of a whole body becomes shorter with every node that is taken.
        for index in (0..content.length()).rev() {
            if let Some(node) = content.item(index)
                && !stays(&node)
            {
                // Fails only where a listener has moved the node meanwhile.
                let _ = self.take(&node);
            }
        }
    }

    /// What is to be taken out of the document, in the order of the document. Of a whole body that is
    /// also what is no element, texts as well as the marks of whatever renders them.
    fn content(&self) -> Option<NodeList> {
        match self.document.body() {
            Some(body) if self.names.concealed == Names::WHOLE_PAGE => Some(body.child_nodes()),
            _ => self.document.query_selector_all(&self.names.concealed).ok(),
        }
    }

    fn take(&self, node: &Node) -> Option<()> {
        let mut taken = self.taken.borrow_mut();
        let is_next = |last: &Taken| node.next_sibling().as_ref() == Some(&last.place);
        if !taken.last().is_some_and(is_next) {
            let place = self.staying("template")?;
            let parent = node.parent_node()?;
            parent
                .insert_before(&place, node.next_sibling().as_ref())
                .ok()?;
            let content = self.document.create_document_fragment();
            taken.push(Taken { place, content });
        }
        let content = &taken.last()?.content;
        content
            .insert_before(node, content.first_child().as_ref())
            .ok()?;
        Some(())
    }

    fn reveal(&self) {
        let concealed = self.taken.take();
        if concealed.is_empty() {
            return;
        }
        for Taken { place, content } in concealed {
            // Fails for no fragment.
            let _ = place.replace_with_with_node_1(&content);
        }
        if let Some(focused) = self.focused.borrow().as_ref() {
            let _ = focused.focus();
        }
        if let Some((left, top)) = self.concealed_at.take() {
            self.window.scroll_to_with_x_and_y(left, top);
        }
    }

    /// Focus elsewhere says nothing of where the user is in the content: the overlay has it, or it is
    /// on its way there, or the guard has just taken it from what it hid.
    fn remember_focus(&self) {
        if let Some(active) = self.document.active_element()
            && let Ok(Some(_)) = active.closest(&self.names.concealed)
        {
            *self.focused.borrow_mut() = active.dyn_into().ok();
        }
    }

    /// Shows this title, or the page's own, which the page may have changed meanwhile.
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

    /// How one signs in from this page.
    pub(crate) fn sign_in(&self) -> SignIn {
        let selector = "template[".to_owned() + SIGN_IN_ATTRIBUTE + "]";
        let templates = self.find_all(&selector);
        SignIn {
            address: self.sign_in_address(),
            fields: templates.first().map(Element::inner_html),
        }
    }

    /// Where one signs in and comes back to this page.
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
        // Fails only for an address that is none.
        let _ = self.window.location().replace(&self.sign_in_address());
    }

    fn address(&self) -> String {
        let location = self.window.location();
        let path = location.pathname().unwrap_or_default();
        path + &location.search().unwrap_or_default()
    }

    /// Goes to where one signs in; where another session has taken the place of this page's, to
    /// the same page in that one.
    pub(crate) fn leave(&self, reason: EndReason) {
        if reason == EndReason::Replaced {
            // With GET, also where the page is the answer to a form. Fails only for an address that
            // is none.
            let _ = self.window.location().replace(&self.address());
        } else {
            self.go_to_sign_in();
        }
    }
}

/// The selector of a form field.
pub(crate) fn named(field: &str) -> String {
    "input[name=\"".to_owned() + field + "\"]"
}

/// Where there is no guard, there is nothing to tell.
fn tell_guard(left_ms: f64) {
    let _ = guard(left_ms);
}

/// The names that the page tells, and the default ones for the rest.
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
