//! The page: what of it is seen, and where it leads.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use dwell_app::{
    names::{
        ACCOUNT_ATTRIBUTE, GENERATION_FIELD, PAGE_ID, SIGN_IN_PATH, STATE_ATTRIBUTE, STATUS_META,
    },
    overlay::title,
};
use dwell_session::{ActiveStatus, Concealed, EndReason, Generation, Screen, Status};
use wasm_bindgen::{JsCast as _, prelude::wasm_bindgen};
use web_sys::{
    Document, Element, HtmlElement, HtmlInputElement, HtmlMetaElement, Performance,
    VisibilityState, Window,
};

use crate::{drafts::Drafts, times, wire};

#[wasm_bindgen]
extern "C" {
    /// The page's own guard, which needs none of this code. In milliseconds from now.
    #[wasm_bindgen(js_name = dwellGuard)]
    fn guard(left_ms: f64);
}

/// A page that is shown in a session.
pub(crate) struct Page {
    window: Window,
    performance: Performance,
    document: Document,
    root: Element,
    /// Everything that may be concealed.
    content: Element,
    own_title: String,
    /// Where in the content the user is, or was before the countdown took the focus.
    focused: RefCell<Option<HtmlElement>>,
    /// How far the page was scrolled when it was concealed.
    concealed_at: Cell<Option<(f64, f64)>>,
}

impl Page {
    pub(crate) fn find() -> Option<Self> {
        let window = web_sys::window()?;
        let document = window.document()?;
        Some(Self {
            performance: window.performance()?,
            root: document.document_element()?,
            content: document.get_element_by_id(PAGE_ID)?,
            own_title: document.title(),
            focused: RefCell::new(None),
            concealed_at: Cell::new(None),
            window,
            document,
        })
    }

    /// The status that came with the page.
    pub(crate) fn status(&self) -> Option<ActiveStatus> {
        let meta = self
            .document
            .query_selector(&format!("meta[name={STATUS_META}]"))
            .ok()??;
        let json = meta.dyn_into::<HtmlMetaElement>().ok()?.content();
        match wire::status(&json)? {
            Status::Active(status) => Some(status),
            Status::Ended { .. } | Status::Anonymous => None,
        }
    }

    /// Who is signed in.
    pub(crate) fn email(&self) -> String {
        let account = self
            .content
            .query_selector(&format!("[{ACCOUNT_ATTRIBUTE}]"));
        let email = account
            .ok()
            .flatten()
            .and_then(|email| email.text_content());
        email.unwrap_or_default().trim().to_owned()
    }

    pub(crate) fn drafts(&self) -> Drafts {
        Drafts::of(&self.content)
    }

    pub(crate) fn localise_times(&self) {
        times::localise(&self.content);
    }

    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    pub(crate) fn is_visible(&self) -> bool {
        self.document.visibility_state() == VisibilityState::Visible
    }

    /// Goes on in another session of the same person: forms carry its generation from now on.
    pub(crate) fn adopt(&self, generation: Generation) {
        let selector = format!("input[name={GENERATION_FIELD}]");
        let in_overlay = self.document.query_selector_all(&selector);
        let in_content = self.content.query_selector_all(&selector);
        for fields in [in_overlay, in_content].into_iter().flatten() {
            for field in (0..fields.length()).filter_map(|index| fields.item(index)) {
                if let Ok(field) = field.dyn_into::<HtmlInputElement>() {
                    field.set_value(&generation.to_string());
                }
            }
        }
    }

    pub(crate) fn performance(&self) -> Performance {
        self.performance.clone()
    }

    /// A place for the overlay, outside of what may be concealed.
    pub(crate) fn overlay_host(&self) -> Option<HtmlElement> {
        let host = self.document.create_element("div").ok()?;
        self.document.body()?.append_child(&host).ok()?;
        host.dyn_into().ok()
    }

    /// Has the page close by itself when `left` is over, unless it is told otherwise before. Without
    /// a time the page is concealed, and what stands in its place is the driver's.
    pub(crate) fn guard(&self, left: Option<Duration>) {
        guard(left.map_or(f64::INFINITY, |left| left.as_secs_f64() * 1_000.0));
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
        let title = title(&screen);
        self.document
            .set_title(title.as_deref().unwrap_or(&self.own_title));
    }

    /// Takes the content out of the document, so that nothing of it can be seen, searched or
    /// read out (`C8`). What was typed into it is kept.
    fn conceal(&self) {
        if !self.content.is_connected() {
            return;
        }
        self.concealed_at.set(Some((
            self.window.scroll_x().unwrap_or_default(),
            self.window.scroll_y().unwrap_or_default(),
        )));
        self.content.remove();
    }

    fn reveal(&self) {
        if self.content.is_connected() {
            return;
        }
        if let Some(body) = self.document.body() {
            // Fails only where the content would contain the body.
            let _ = body.prepend_with_node_1(&self.content);
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
        let active = self.document.active_element();
        if self.content.contains(active.as_deref()) {
            *self.focused.borrow_mut() = active.and_then(|element| element.dyn_into().ok());
        }
    }

    /// Where one signs in and comes back to this page.
    pub(crate) fn sign_in_url(&self) -> String {
        let location = self.window.location();
        let here = self.address() + &location.hash().unwrap_or_default();
        if location.pathname().as_deref() == Ok(SIGN_IN_PATH) {
            return here;
        }
        let next = String::from(js_sys::encode_uri_component(&here));
        SIGN_IN_PATH.to_owned() + "?next=" + &next
    }

    pub(crate) fn go_to_sign_in(&self) {
        // Fails only for an address that is none.
        let _ = self.window.location().replace(&self.sign_in_url());
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
