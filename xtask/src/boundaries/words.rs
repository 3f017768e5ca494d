//! Checks that the library does not use words of the application.

use super::{File, Finding};

/// How a word is looked for.
enum Word {
    /// Everywhere, also as a part of a name such as `account_id` or `AccountPage`.
    Anywhere(&'static str),
    /// Only as a value in quotes, such as the name of a field. Elsewhere it is an ordinary word.
    Quoted(&'static str),
    /// As the beginning of the name of a setting.
    Setting(&'static str),
}

use Word::{Anywhere, Quoted, Setting};

const WORDS: [Word; 15] = [
    Anywhere("workspace"),
    Anywhere("notes"),
    Quoted("note"),
    Anywhere("account"),
    Anywhere("accounts"),
    Anywhere("email"),
    Anywhere("e-mail"),
    Quoted("password"),
    Anywhere("dwell_app"),
    Anywhere("dwell-app"),
    Anywhere("dwell_server"),
    Anywhere("dwell-server"),
    Anywhere("dwell_frontend"),
    Anywhere("dwell-frontend"),
    Setting("DWELL_"),
];

/// Files in which a word is allowed, and why.
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    (
        "session/server/src/store/redis/lua/migrate.lua",
        "account",
        "the first layout of the keys, which is read to be replaced, called people accounts",
    ),
    (
        "session/server/src/guide/axum.md",
        "password",
        "the form of the sample program has such a field",
    ),
];

pub(super) fn findings(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        for word in &WORDS {
            if word.is_in(line) && !is_excepted(file, word) {
                findings.push(file.finding(
                    number,
                    format!(
                        "`{}` is a word of the application: use a term of the library, or let the \
                         program supply the word",
                        word.text()
                    ),
                ));
            }
        }
    }
    findings
}

fn is_excepted(file: &File, word: &Word) -> bool {
    EXCEPTIONS
        .iter()
        .any(|(path, excepted, _)| file.path.ends_with(path) && *excepted == word.text())
}

impl Word {
    fn text(&self) -> &'static str {
        match self {
            Anywhere(text) | Quoted(text) | Setting(text) => text,
        }
    }

    fn is_in(&self, line: &str) -> bool {
        match self {
            Anywhere(word) => {
                let lower = line.to_ascii_lowercase();
                starts_of(&lower, word)
                    .any(|at| begins_word(line, at) && ends_word(line, at + word.len()))
            }
            Quoted(word) => ['"', '\'']
                .iter()
                .any(|quote| line.contains(&format!("{quote}{word}{quote}"))),
            Setting(prefix) => starts_of(line, prefix).any(|at| {
                let name = &line[at + prefix.len()..];
                begins_word(line, at) && name.starts_with(|first: char| first.is_ascii_uppercase())
            }),
        }
    }
}

fn starts_of<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> {
    line.match_indices(word).map(|(at, _)| at)
}

/// Whether a word of a sentence or of a name begins at `at`.
fn begins_word(line: &str, at: usize) -> bool {
    let before = line[..at].chars().next_back();
    let first = line[at..].chars().next();
    match (before, first) {
        (Some(before), Some(first)) => {
            !before.is_alphanumeric() || (before.is_lowercase() && first.is_uppercase())
        }
        (None, _) | (_, None) => true,
    }
}

fn ends_word(line: &str, at: usize) -> bool {
    !line[at..].starts_with(|next: char| next.is_lowercase() || next.is_numeric())
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;

    fn found(line: &str) -> usize {
        findings(&file("session/server/src/lib.rs", line)).len()
    }

    #[test]
    fn words_of_the_application_are_found_everywhere() {
        for line in [
            "// It leads to the workspace.",
            "\"/workspace\"",
            "struct AccountPage;",
            "let account_id = 1;",
            "#account",
            "the Accounts of people",
            "fn delete_notes() {}",
            "<input type=\"email\">",
            "an E-Mail address",
            "<input name=\"password\">",
            "draft == 'note'",
            "use dwell_app::names;",
            "cargo test -p dwell-server",
            "env::var(\"DWELL_ADDR\")",
        ] {
            assert_eq!(found(line), 1, "{line}");
        }
    }

    #[test]
    fn other_words_are_allowed() {
        for line in [
            "the limit note",
            "self.coverage.note(happening)",
            "each error is one line, without the password",
            "accountable",
            "unaccounted",
            "footnotes and denotes",
            "dwell_session::Policy",
            "animation: dwell-appear",
            "const DWELL: &str",
        ] {
            assert_eq!(found(line), 0, "{line}");
        }
    }

    #[test]
    fn the_file_the_line_and_the_word_are_reported() {
        let file = file("session/src/lib.rs", "//! Rules.\n//! Of notes.\n");
        let findings = findings(&file);
        let told = findings[0].to_string();
        assert_eq!(findings.len(), 1);
        assert!(
            told.starts_with("session/src/lib.rs:2: `notes` is"),
            "{told}"
        );
    }

    #[test]
    fn an_exception_is_for_one_word_in_one_file() {
        let (path, word, _) = EXCEPTIONS[0];
        assert!(findings(&file(path, word)).is_empty());
        assert_eq!(findings(&file(path, "workspace")).len(), 1);
        assert_eq!(findings(&file("session/src/lib.rs", word)).len(), 1);
    }
}
