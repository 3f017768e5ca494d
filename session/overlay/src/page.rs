//! The status of the session and the guard in a page. The guard closes the page at the told
//! deadline if the code in the browser does not run: a style that needs no script, a short script
//! that needs no other code and, without scripts, a reload after the end of the session.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _, sync::LazyLock, time::Duration};

use dwell_session::{ActiveStatus, Generation, Names, Status};

use crate::{
    PageTexts, STYLE,
    markup::{NAMES_META, STATUS_META},
};

/// The placeholder in the style of the guard for the selector of the concealed elements.
const CONCEALED: &str = "CONCEALED";

static GUARD_STYLE: LazyLock<String> =
    LazyLock::new(|| without_comments(include_str!("guard.css")));
static GUARD_SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("guard.js").lines().map(str::trim);
    join_lines(lines.filter(|line| !line.starts_with("//")))
});
static OVERLAY_STYLE: LazyLock<String> = LazyLock::new(|| without_comments(STYLE));

/// A page that is shown in a session. Its methods return HTML for any template engine.
///
/// ```
/// # use std::time::Duration;
/// # use dwell_session::{ActiveStatus, Generation};
/// # use dwell_overlay::SessionPage;
/// # let told = ActiveStatus {
/// #     idle_remaining: Duration::from_secs(1_795),
/// #     absolute_remaining: Duration::from_secs(43_200),
/// #     warning: Duration::from_secs(120),
/// #     grace: Duration::from_secs(5),
/// #     touch_interval: Duration::from_secs(60),
/// #     generation: Generation::from_random(0xabc),
/// # };
/// let session = SessionPage::new(told).module("/pkg/app.js", "/pkg/app.wasm");
/// let page = format!(
///     "<!DOCTYPE html><html><head><title>Invoices</title>{}</head>\
///      <body>{}<h1>Invoices</h1>{}</body></html>",
///     session.head(),
///     session.notice(),
///     session.cover(),
/// );
/// assert!(page.contains("dwell-status"));
/// ```
#[derive(Debug, Clone)]
pub struct SessionPage {
    status: ActiveStatus,
    names: Names,
    form: Option<Cow<'static, str>>,
    address: Cow<'static, str>,
    module: Option<Module>,
    nonce: Option<Cow<'static, str>>,
    texts: &'static PageTexts,
    is_styled: bool,
    cover_id: Cow<'static, str>,
}

/// The WebAssembly module that runs in the browser, with its JavaScript.
#[derive(Debug, Clone)]
struct Module {
    script: Cow<'static, str>,
    wasm: Cow<'static, str>,
}

impl From<ActiveStatus> for SessionPage {
    fn from(status: ActiveStatus) -> Self {
        Self::new(status)
    }
}

impl SessionPage {
    /// A page with the default names, texts and style, and with no code in the browser except the
    /// guard.
    pub fn new(status: ActiveStatus) -> Self {
        Self {
            status,
            names: Names::default(),
            form: None,
            address: Cow::Borrowed(""),
            module: None,
            nonce: None,
            texts: PageTexts::ENGLISH,
            is_styled: true,
            cover_id: Cow::Borrowed("dwell-guard"),
        }
    }

    /// Sets the paths and names that the program has chosen. The default is [`Names::default`].
    pub fn names(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// Sets the `id` of the form whose input must not be lost. Without scripts, such a page does
    /// not reload itself at the end while somebody types. When the guard has closed the page, its
    /// cover offers to submit the form, with or without scripts.
    ///
    /// A form that is to be kept as a draft when it is submitted after the end carries three hidden
    /// fields: the [generation](Self::generation_field), the id of the draft
    /// ([`Names::draft_field`]), and the name of the form ([`Names::form_field`]), for example
    /// `<input type="hidden" name="dwell-form" value="invoice">`.
    pub fn form(self, id: impl Into<Cow<'static, str>>) -> Self {
        Self {
            form: Some(id.into()),
            ..self
        }
    }

    /// Sets the address at which the page can be loaded again. The default is its own address,
    /// which does not work for a page that answers a submitted form.
    pub fn address(self, address: impl Into<Cow<'static, str>>) -> Self {
        Self {
            address: address.into(),
            ..self
        }
    }

    /// Loads this WebAssembly module with its JavaScript. It has to export a function `start` that
    /// calls `dwell_browser::start`. A program whose own module calls that does not need this.
    pub fn module(
        self,
        script: impl Into<Cow<'static, str>>,
        wasm: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            module: Some(Module {
                script: script.into(),
                wasm: wasm.into(),
            }),
            ..self
        }
    }

    /// Sets the nonce of the page's content security policy, for its style and its scripts. By
    /// default there is none.
    pub fn nonce(self, nonce: impl Into<Cow<'static, str>>) -> Self {
        Self {
            nonce: Some(nonce.into()),
            ..self
        }
    }

    /// Sets the texts. The default is [`PageTexts::ENGLISH`].
    pub fn texts(self, texts: &'static PageTexts) -> Self {
        Self { texts, ..self }
    }

    /// Leaves out [`STYLE`], for a program that has it in its own style sheet. The style of the
    /// guard stays in the page, because the guard must work even if no style sheet could be loaded.
    pub fn without_style(self) -> Self {
        Self {
            is_styled: false,
            ..self
        }
    }

    /// Sets the id of the cover of the guard. The default is `dwell-guard`.
    pub fn cover_id(self, id: impl Into<Cow<'static, str>>) -> Self {
        Self {
            cover_id: id.into(),
            ..self
        }
    }

    #[cfg(feature = "ssr")]
    pub(crate) fn has_nonce(&self) -> bool {
        self.nonce.is_some()
    }

    /// The HTML for the `<head>` of the document, before the program's own style sheet: the style,
    /// the status of the session, and what starts the code in the browser.
    pub fn head(&self) -> String {
        let nonce = self.nonce_attribute();
        let time_left_ms = self.time_left().as_millis();
        let guard = GUARD_STYLE.replace(CONCEALED, &self.names.concealed);
        let style = if self.is_styled {
            OVERLAY_STYLE.as_str()
        } else {
            ""
        };
        let status = Status::Active(self.status);
        let mut head = format!(
            "<style{nonce}>:root {{\n--dwell-left: {time_left_ms}ms;\n}}\n{guard}{style}</style>"
        );
        push_meta(&mut head, STATUS_META, serde_json::to_string(&status).ok());
        push_meta(&mut head, NAMES_META, self.changed_names());
        self.push_refresh(&mut head);
        self.push_start(&mut head, &nonce);
        head
    }

    /// The HTML for the beginning of the page, which says without scripts when the page will close
    /// (`G6`).
    pub fn notice(&self) -> String {
        let notice = (self.texts.closes)(self.time_left(), self.form.is_some());
        format!(
            "<noscript><p class=\"dwell-closes\">{}</p></noscript>",
            escaped(&notice)
        )
    }

    /// The HTML for the end of the `<body>`: the cover that the guard shows in place of the page,
    /// and the script of the guard.
    pub fn cover(&self) -> String {
        let PageTexts {
            closed,
            typed,
            send,
            open_again,
            ..
        } = self.texts;
        let (typed, send) = match &self.form {
            Some(form) => (
                format!("<p>{}</p>", escaped(typed)),
                format!(
                    "<button type=\"submit\" form=\"{}\" formnovalidate class=\"dwell-primary\">{}</button>",
                    escaped(form),
                    escaped(send)
                ),
            ),
            None => <(String, String)>::default(),
        };
        format!(
            "<section id=\"{id}\" class=\"dwell-guard\" data-dwell-stays aria-labelledby=\"dwell-guard-heading\">\
             <div class=\"dwell-cover\"><div role=\"status\">\
             <h1 id=\"dwell-guard-heading\">{heading}</h1><p>{explanation}</p>{typed}</div>\
             <div class=\"dwell-choices\">{send}<a href=\"{address}\">{open_again}</a></div>\
             </div></section><script{nonce} data-dwell-stays>{script}</script>",
            id = escaped(&self.cover_id),
            heading = escaped(closed.heading),
            explanation = escaped(closed.explanation),
            address = escaped(&self.address),
            open_again = escaped(open_again),
            nonce = self.nonce_attribute(),
            script = *GUARD_SCRIPT,
        )
    }

    /// The HTML of the hidden field with the generation, which every form of the page needs. The
    /// server refuses a form from a page of another session.
    pub fn generation_field(&self) -> String {
        generation_field(&self.names, self.status.generation)
    }

    /// How long the page may be shown: the time until the told deadline.
    fn time_left(&self) -> Duration {
        let ActiveStatus {
            idle_remaining,
            absolute_remaining,
            ..
        } = self.status;
        idle_remaining.min(absolute_remaining)
    }

    /// The seconds after which the page is reloaded without scripts. The server has ended the
    /// session by then, if nothing has extended it.
    fn refresh_after_secs(&self) -> u64 {
        let ActiveStatus {
            idle_remaining,
            absolute_remaining,
            grace,
            ..
        } = self.status;
        let ends_after = (idle_remaining + grace).min(absolute_remaining);
        ends_after.as_secs() + 2
    }

    fn nonce_attribute(&self) -> String {
        let nonce = self.nonce.as_ref();
        nonce.map_or_else(String::new, |nonce| {
            format!(" nonce=\"{}\"", escaped(nonce))
        })
    }

    /// The names that differ from the default ones as JSON, or `None` if none does.
    fn changed_names(&self) -> Option<String> {
        let (mut names, mut default) = (self.names.clone(), Names::default());
        let pairs = names.by_key().into_iter().zip(default.by_key());
        let changed: BTreeMap<&str, &mut Cow<'_, str>> = pairs
            .filter(|((_, name), (_, default))| name != default)
            .map(|(pair, _)| pair)
            .collect();
        match changed.is_empty() {
            true => None,
            false => serde_json::to_string(&changed).ok(),
        }
    }

    /// Without scripts, reloads the page after the end of the session, so that the server can say
    /// what has happened to it. Pages with a form whose input could be lost are not reloaded. The
    /// browser marks this request as not caused by the user, so it does not extend the session.
    fn push_refresh(&self, head: &mut String) {
        if self.form.is_some() {
            return;
        }
        let mut refresh = self.refresh_after_secs().to_string();
        if !self.address.is_empty() {
            refresh = refresh + "; url=" + &self.address;
        }
        head.push_str("<noscript><meta http-equiv=\"refresh\" content=\"");
        head.push_str(&escaped(&refresh));
        head.push_str("\"></noscript>");
    }

    fn push_start(&self, head: &mut String, nonce: &str) {
        let Some(Module { script, wasm }) = &self.module else {
            return;
        };
        let (script_url, wasm_url) = (escaped(script), escaped(wasm));
        // A browser without `<dialog>` cannot show the countdown, so there the page has only its
        // guard. Writing to a `String` does not fail.
        let _ = write!(
            head,
            "<link rel=\"modulepreload\" href=\"{script_url}\"{nonce}>\
             <link rel=\"preload\" href=\"{wasm_url}\" as=\"fetch\" type=\"application/wasm\" crossorigin=\"anonymous\">\
             <script type=\"module\"{nonce}>import init, {{ start }} from {script:?}; \
             if (window.HTMLDialogElement) {{ await init({{ module_or_path: {wasm:?} }}); start(); }}</script>"
        );
    }
}

impl From<&SessionPage> for SessionPage {
    fn from(page: &SessionPage) -> Self {
        page.clone()
    }
}

/// The HTML of the hidden field with the generation, which every form needs. The server refuses a
/// form from a page of another session.
pub fn generation_field(names: &Names, generation: Generation) -> String {
    format!(
        "<input type=\"hidden\" name=\"{}\" value=\"{generation}\">",
        escaped(&names.generation_field)
    )
}

fn push_meta(head: &mut String, name: &str, content: Option<String>) {
    if let Some(content) = content {
        // Writing to a `String` does not fail.
        let _ = write!(
            head,
            "<meta name=\"{name}\" content=\"{}\">",
            escaped(&content)
        );
    }
}

/// Escapes a text for HTML, in an element or in an attribute between double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Removes comments and indentation from a style.
fn without_comments(style: &str) -> String {
    let mut parts = style.split("/*");
    let first = parts.next().unwrap_or_default();
    let rest = parts.filter_map(|part| part.split_once("*/"));
    let code: String = [first]
        .into_iter()
        .chain(rest.map(|(_, code)| code))
        .collect();
    join_lines(code.lines().map(str::trim))
}

fn join_lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines
        .filter(|line| !line.is_empty())
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::{STATE_ATTRIBUTE, STAYS_ATTRIBUTE};

    fn status() -> ActiveStatus {
        ActiveStatus {
            idle_remaining: Duration::from_secs(1_795),
            absolute_remaining: Duration::from_secs(43_200),
            warning: Duration::from_secs(120),
            grace: Duration::from_secs(5),
            touch_interval: Duration::from_secs(60),
            generation: Generation::from_random(0xabc),
        }
    }

    #[test]
    fn the_style_and_the_script_use_the_names_of_the_markup() {
        assert!(GUARD_SCRIPT.contains(&format!("\"{STATE_ATTRIBUTE}\"")));
        assert!(GUARD_SCRIPT.contains(&format!("meta[name=\"{STATUS_META}\"]")));
        assert!(Names::WHOLE_PAGE.contains(STAYS_ATTRIBUTE));
        assert!(SessionPage::new(status()).cover().contains(STAYS_ATTRIBUTE));
    }

    #[test]
    fn the_guard_conceals_what_is_to_be_concealed() {
        let page = SessionPage::new(status());
        assert!(page.head().contains("body > :not([data-dwell-stays]) {"));
        let names = Names {
            concealed: "#page".into(),
            ..Names::default()
        };
        let page = page.names(names);
        assert!(page.head().contains(" #page {"));
        assert!(!page.head().contains(CONCEALED));
    }

    #[test]
    fn only_names_that_differ_from_the_default_are_in_the_page() {
        let page = SessionPage::new(status());
        assert!(!page.head().contains(NAMES_META));
        let names = Names {
            sign_in: "/login".into(),
            ..Names::default()
        };
        let told = "name=\"dwell-names\" content=\"{&quot;sign_in&quot;:&quot;/login&quot;}\"";
        assert!(page.names(names).head().contains(told));
    }

    #[test]
    fn no_text_of_the_program_becomes_markup() {
        let page = SessionPage::new(status())
            .address("/a?b=\"><script>")
            .form("\"><script>")
            .nonce("\"><script>");
        for html in [page.head(), page.cover(), page.notice()] {
            assert!(!html.contains("\"><script>"), "{html}");
        }
    }

    #[test]
    fn comments_are_not_sent() {
        assert_eq!(
            without_comments("/* a */\nb {\n    c: d;\n}\n/* e */"),
            "b {\nc: d;\n}\n"
        );
        for sent in [&GUARD_STYLE, &OVERLAY_STYLE] {
            assert!(!sent.contains("/*"));
        }
        assert!(!GUARD_SCRIPT.contains("//"));
    }
}
