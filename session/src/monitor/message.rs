//! The messages between the tabs of one browser.

use std::{fmt, str::FromStr, time::Duration};

use crate::{Generation, whole_millis};

/// A message to the other tabs.
///
/// A message is only a hint, whoever sent it and however late it arrives: it can conceal a page and
/// make it ask the server, but it extends nothing and reveals nothing (`J2`).
///
/// As text it is the generation, the kind of news and the durations in milliseconds, separated by
/// spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// The generation of the session that it is about.
    pub generation: Generation,
    /// The news about that session.
    pub news: News,
}

/// News from a tab. Durations are relative to the instant at which the message was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The user is active in the sending tab, and the server has not been told yet.
    Active {
        /// How long ago the user was last active.
        idle_for: Duration,
    },
    /// The server has answered that the session is live.
    Alive {
        /// The time until the idle deadline that the tab was told.
        idle_left: Duration,
        /// How long ago the user was active, if this was just reported to the server.
        active_for: Option<Duration>,
    },
    /// The server has answered that the session has ended.
    Ended,
    /// The state of the session is unclear: the user is signing out and the server does not answer,
    /// or the server knows of no session in this browser.
    InDoubt,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, news } = self;
        match news {
            News::Active { idle_for } => {
                write!(f, "{generation} active {}", whole_millis(*idle_for))
            }
            News::Alive {
                idle_left,
                active_for,
            } => {
                write!(f, "{generation} alive {}", whole_millis(*idle_left))?;
                match active_for {
                    Some(active_for) => write!(f, " {}", whole_millis(*active_for)),
                    None => Ok(()),
                }
            }
            News::Ended => write!(f, "{generation} ended"),
            News::InDoubt => write!(f, "{generation} in_doubt"),
        }
    }
}

impl FromStr for Message {
    type Err = UnknownMessage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split(' ').collect();
        let news = match words[..] {
            [_, "active", idle_for] => News::Active {
                idle_for: millis(idle_for)?,
            },
            [_, "alive", idle_left] => News::Alive {
                idle_left: millis(idle_left)?,
                active_for: None,
            },
            [_, "alive", idle_left, active_for] => News::Alive {
                idle_left: millis(idle_left)?,
                active_for: Some(millis(active_for)?),
            },
            [_, "ended"] => News::Ended,
            [_, "in_doubt"] => News::InDoubt,
            _ => return Err(UnknownMessage),
        };
        let generation = words[0].parse().map_err(|_| UnknownMessage)?;
        Ok(Self { generation, news })
    }
}

/// Accepts numbers without a sign and without leading zeros, so that every message has exactly one
/// text.
fn millis(text: &str) -> Result<Duration, UnknownMessage> {
    let millis = text.parse::<u64>().map_err(|_| UnknownMessage)?;
    match text.starts_with('+') || (text.starts_with('0') && text != "0") {
        true => Err(UnknownMessage),
        false => Ok(Duration::from_millis(millis)),
    }
}

/// The error for a text that is not a [`Message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a message between tabs")]
pub struct UnknownMessage;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn durations() -> impl Strategy<Value = Duration> {
        any::<u64>().prop_map(Duration::from_millis)
    }

    fn news() -> impl Strategy<Value = News> {
        prop_oneof![
            durations().prop_map(|idle_for| News::Active { idle_for }),
            (durations(), prop::option::of(durations())).prop_map(|(idle_left, active_for)| {
                News::Alive {
                    idle_left,
                    active_for,
                }
            }),
            Just(News::Ended),
            Just(News::InDoubt),
        ]
    }

    #[test]
    fn a_number_has_exactly_one_text() {
        let parsed = |millis: &str| format!("{:032x} active {millis}", 1).parse::<Message>();
        assert!(parsed("0").is_ok());
        assert!(parsed("18446744073709551615").is_ok());
        for millis in ["", "00", "01", "+1", "-0", "1.5", "18446744073709551616"] {
            assert_eq!(parsed(millis), Err(UnknownMessage), "{millis}");
        }
    }

    proptest! {
        #[test]
        fn parsing_returns_the_message_that_was_displayed(number: u128, news in news()) {
            let generation = Generation::from_random(number);
            let message = Message { generation, news };
            prop_assert_eq!(message.to_string().parse(), Ok(message));
        }

        #[test]
        fn a_text_that_parses_is_the_text_of_the_message(text in "[0-9a-f]{31,33}( (alive|active|ended|in_doubt|[-+]?[0-9]{1,12}|\\PC*)){0,4}") {
            if let Ok(message) = text.parse::<Message>() {
                prop_assert_eq!(message.to_string(), text);
            }
        }
    }
}
