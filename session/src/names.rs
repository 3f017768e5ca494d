//! Paths and names by which the server and the pages of a program find each other.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A path or a name.
type Text = Cow<'static, str>;

/// The paths and names of the HTTP contract. A program may choose them: each of its own, or all paths
/// [under a prefix](Self::under).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Names {
    /// The path that reports activity, and extends the session.
    pub keep_alive: Text,
    /// The path that tells the status.
    pub status: Text,
    /// The path that signs out.
    pub sign_out: Text,
    /// The path of the program's page where one signs in.
    pub sign_in: Text,
    /// The path that saves a draft.
    pub drafts: Text,
    /// The path that discards a draft.
    pub discard_draft: Text,
    /// The path that makes a draft of a discarded one again.
    pub take_back_draft: Text,
    /// The path below which the module for the browser is found, if Dwell sends it.
    pub module: Text,
    /// The header that carries the generation, in lower case.
    pub generation_header: Text,
    /// The form field that carries the generation.
    pub generation_field: Text,
    /// The form field with the id of the draft of what is in the form.
    pub draft_field: Text,
    /// The field with the name of the form whose draft is saved.
    pub form_field: Text,
    /// What the tabs of one browser call their channel and their lock. Two instances in one program
    /// need two, as they need two paths.
    pub tabs: Text,
    /// A CSS selector, without a comma, of what of a page is concealed when its session ends.
    pub concealed: Text,
}

impl Default for Names {
    /// Everything under `/.dwell`, and one signs in at `/sign-in`.
    fn default() -> Self {
        Self {
            keep_alive: "/.dwell/keep-alive".into(),
            status: "/.dwell/status".into(),
            sign_out: "/.dwell/sign-out".into(),
            sign_in: "/sign-in".into(),
            drafts: "/.dwell/drafts".into(),
            discard_draft: "/.dwell/drafts/discard".into(),
            take_back_draft: "/.dwell/drafts/take-back".into(),
            module: "/.dwell/module".into(),
            generation_header: "dwell-generation".into(),
            generation_field: "dwell-generation".into(),
            draft_field: "dwell-draft".into(),
            form_field: "dwell-form".into(),
            tabs: "dwell".into(),
            concealed: Self::WHOLE_PAGE.into(),
        }
    }
}

impl Names {
    /// The longest draft, in bytes of JSON. A browser finishes requests of a page that is gone up to
    /// 64 KiB in all, so this is sent although the page is left.
    pub const LONGEST_DRAFT: usize = 62 * 1024;

    /// Conceals everything in `<body>`, whatever it is, but the elements that carry the attribute
    /// `data-dwell-stays`.
    pub const WHOLE_PAGE: &str = "body > :not([data-dwell-stays])";

    /// The default names, with all paths but that of the page where one signs in under `prefix`, such
    /// as `/.admin`, without a slash at its end. Two instances in one program need two: under another
    /// prefix their tabs do not take part in each other's sessions either.
    pub fn under(prefix: &str) -> Self {
        let path = |rest: &str| Text::Owned(format!("{prefix}{rest}"));
        Self {
            keep_alive: path("/keep-alive"),
            status: path("/status"),
            sign_out: path("/sign-out"),
            drafts: path("/drafts"),
            discard_draft: path("/drafts/discard"),
            take_back_draft: path("/drafts/take-back"),
            module: path("/module"),
            tabs: prefix.trim_matches(['/', '.']).to_owned().into(),
            ..Self::default()
        }
    }

    /// Every name that the browser needs, with the key under which a page tells it. The browser reads
    /// JSON with a parser of its own, not with serde.
    pub fn by_key(&mut self) -> [(&'static str, &mut Text); 11] {
        [
            ("keep_alive", &mut self.keep_alive),
            ("status", &mut self.status),
            ("sign_out", &mut self.sign_out),
            ("sign_in", &mut self.sign_in),
            ("drafts", &mut self.drafts),
            ("generation_header", &mut self.generation_header),
            ("generation_field", &mut self.generation_field),
            ("draft_field", &mut self.draft_field),
            ("form_field", &mut self.form_field),
            ("tabs", &mut self.tabs),
            ("concealed", &mut self.concealed),
        ]
    }

    /// Whether `path` is one of those that Dwell itself answers.
    pub fn is_own(&self, path: &str) -> bool {
        [
            &self.keep_alive,
            &self.status,
            &self.sign_out,
            &self.drafts,
            &self.discard_draft,
            &self.take_back_draft,
        ]
        .into_iter()
        .any(|own| own == path)
            || path
                .strip_prefix(&*self.module)
                .is_some_and(|rest| rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_keys_are_those_of_the_wire() {
        let mut names = Names::default();
        let wire = serde_json::to_value(&names).unwrap();
        for (key, name) in names.by_key() {
            assert_eq!(wire[key], **name, "{key}");
        }
    }

    #[test]
    fn two_prefixes_share_no_path_and_no_channel() {
        let (one, other) = (Names::default(), Names::under("/.admin"));
        assert!(!one.is_own(&other.keep_alive));
        assert!(!one.is_own(&other.take_back_draft));
        assert!(one.is_own("/.dwell/module/1/dwell.js"));
        assert!(!one.is_own("/.dwell/modules"));
        assert_ne!(one.tabs, other.tabs);
        assert_eq!(Names::under("/.dwell"), one);
    }
}
