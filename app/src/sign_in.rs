//! Signing in, on the page for it and in place of a page that has ended: the fields, and what may go
//! wrong.

#[cfg(feature = "ssr")]
use leptos::prelude::*;

/// Why signing in did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInTrouble {
    /// The address or the password is not right; which of them is not told.
    WrongCredentials,
    /// Too many people sign in at once.
    Busy,
    /// There have been too many attempts.
    TooMany,
    /// The server did not answer.
    Unreachable,
}

impl SignInTrouble {
    /// What is said about it.
    pub fn message(self) -> &'static str {
        match self {
            Self::WrongCredentials => "The e-mail address or the password is not right.",
            Self::Busy => "Too many people are signing in at this moment. Please try again.",
            Self::TooMany => "There were too many attempts. Please wait a few minutes.",
            Self::Unreachable => "The server does not answer. Please try again.",
        }
    }
}

/// Address and password. Two of these may be on one page, so their labels need no ids.
#[cfg(feature = "ssr")]
#[component]
pub(crate) fn SignInFields(
    /// The address to fill in (`F4`).
    email: String,
    /// The id of the element that says what is wrong, if something is.
    described_by: Option<&'static str>,
) -> impl IntoView {
    let autofocus_password = !email.is_empty();
    view! {
        <label>
            "E-mail"
            <input
                name="email"
                type="email"
                autocomplete="username"
                required
                maxlength="254"
                value=email
                autofocus=!autofocus_password
                aria-describedby=described_by
            />
        </label>
        <label>
            "Password"
            <input
                name="password"
                type="password"
                autocomplete="current-password"
                required
                maxlength="1024"
                autofocus=autofocus_password
                aria-describedby=described_by
            />
        </label>
    }
}
