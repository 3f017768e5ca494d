//! The paths and names that the server and the pages of a program share.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A path or a name.
type Text = Cow<'static, str>;

/// The paths and names of the HTTP contract. A program can choose each of them, or put all paths
/// [under a prefix](Self::under).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Names {
    /// The path to which the browser reports activity, which extends the session. Default:
    /// `/.dwell/keep-alive`.
    pub keep_alive: Text,
    /// The path that returns the status of the session, which does not extend it. Default:
    /// `/.dwell/status`.
    pub status: Text,
    /// The path for signing out. Default: `/.dwell/sign-out`.
    pub sign_out: Text,
    /// The path of the program's own page for signing in. Default: `/sign-in`.
    pub sign_in: Text,
    /// The path that saves a draft. Default: `/.dwell/drafts`.
    pub drafts: Text,
    /// The path that discards a draft. Default: `/.dwell/drafts/discard`.
    pub discard_draft: Text,
    /// The path that restores a discarded draft. Default: `/.dwell/drafts/take-back`.
    pub take_back_draft: Text,
    /// The path below which Dwell serves the WebAssembly module for the browser, if the program has
    /// it do so. Default: `/.dwell/module`.
    pub module: Text,
    /// The header that carries the generation, in lower case. Default: `dwell-generation`.
    pub generation_header: Text,
    /// The form field that carries the generation. Default: `dwell-generation`.
    pub generation_field: Text,
    /// The form field that carries the id of the form's draft. Default: `dwell-draft`.
    pub draft_field: Text,
    /// The field that carries the name of the form when its draft is saved. A form has it as a
    /// hidden field if it is to be kept when it is sent after the end of the session without
    /// scripts. Default: `dwell-form`.
    pub form_field: Text,
    /// The name of the broadcast channel and of the lock that the tabs of one browser share. Two
    /// instances of Dwell in one program need different names, as they need different paths.
    /// Default: `dwell`.
    pub tabs: Text,
    /// The CSS selector, without a comma, of the elements that are concealed when the session ends.
    /// Default: [`WHOLE_PAGE`](Self::WHOLE_PAGE).
    pub concealed: Text,
}

impl Default for Names {
    /// All paths under `/.dwell`, and `/sign-in` for signing in.
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
    /// The longest draft that is saved, in bytes of JSON. Browsers complete requests of a page that
    /// has been closed only up to 64 KiB in all, so drafts of this size are saved even then.
    pub const LONGEST_DRAFT: usize = 62 * 1024;

    /// The selector of everything in `<body>` except elements with the attribute
    /// `data-dwell-stays`.
    pub const WHOLE_PAGE: &str = "body > :not([data-dwell-stays])";

    /// The default names, with all paths except that of the page for signing in under `prefix`,
    /// such as `/.admin`, which has no slash at its end. Two instances of Dwell in one program need
    /// different prefixes. The name of the channel between tabs follows from the prefix, so tabs of
    /// one instance ignore the sessions of the other.
    ///
    /// Each instance also needs a page for signing in, a session cookie with a name, and a database
    /// (or a prefix in Redis) of its own. With the same database, whoever holds a session of one
    /// instance holds one of the other.
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

    /// Every name that the browser needs, with its key in the JSON in the page. The browser parses
    /// this JSON with its own parser instead of serde, to keep the WebAssembly small.
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

    /// Whether Dwell itself serves `path`, so that the program must not.
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
    fn the_keys_are_those_of_the_serialized_names() {
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
