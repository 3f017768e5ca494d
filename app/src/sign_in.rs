//! Signing in, on the page for it and over a page whose session has ended: the fields of the form,
//! and the messages about what went wrong.

#[cfg(feature = "ssr")]
use leptos::prelude::*;

/// Why an attempt to sign in was not successful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInTrouble {
    /// The address or the password is wrong. Which of them is not told.
    WrongCredentials,
    /// Too many people are signing in at the moment.
    Busy,
    /// There have been too many attempts.
    TooMany,
    /// The server did not answer.
    Unreachable,
}

impl SignInTrouble {
    /// The message for the person.
    pub fn message(self) -> &'static str {
        match self {
            Self::WrongCredentials => "The e-mail address or the password is not right.",
            Self::Busy => "Too many people are signing in at this moment. Please try again.",
            Self::TooMany => "There were too many attempts. Please wait a few minutes.",
            Self::Unreachable => "The server does not answer. Please try again.",
        }
    }
}

/// The fields for address and password. They may be on a page twice, so their labels contain them
/// instead of referring to ids.
#[cfg(feature = "ssr")]
#[component]
pub(crate) fn SignInFields(
    /// The address to fill in (`F4`).
    email: String,
    /// The id of the element with the message about what is wrong, if there is one.
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
