//! What a screen reader says of a running countdown.

use dwell_session::{Countdown, Limit};

/// The seconds at which the time left is announced (`G10`).
const ANNOUNCED_AT: [u64; 3] = [10, 30, 60];

/// The sentence for the part of the countdown that `countdown` is in. It changes when one of the
/// announced seconds is reached, and not in between; a countdown that begins in between begins
/// with a sentence, which must not promise more than is left.
pub(super) fn announcement(countdown: &Countdown) -> String {
    let Some(seconds) = ANNOUNCED_AT
        .into_iter()
        .find(|seconds| countdown.seconds_left <= *seconds)
    else {
        return String::new();
    };
    let choices = match countdown.limit {
        Limit::Idle => "Choose Stay signed in to go on, or Sign out now.",
        Limit::Absolute if countdown.dismissed => "Choose Sign in again to go on.",
        Limit::Absolute => "Choose Sign in again to go on, Keep working, or Sign out now.",
    };
    format!("You will be signed out within {seconds} seconds. {choices}")
}

/// What is said of the time that is left as the dialog opens, once. Minutes are rounded down.
pub(super) fn time_left(countdown: &Countdown) -> String {
    match countdown.seconds_left {
        seconds @ 0..120 => format!("You will be signed out in {seconds} seconds."),
        seconds => format!("You will be signed out in {} minutes.", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use dwell_session::Extension;

    use super::*;

    // G10
    #[test]
    fn a_countdown_of_two_minutes_is_announced_three_times() {
        let mut said: Vec<String> = (0..=120)
            .rev()
            .map(|seconds_left| {
                announcement(&Countdown {
                    seconds_left,
                    limit: Limit::Idle,
                    extension: Extension::NotAsked,
                    dismissed: false,
                    unheard: false,
                })
            })
            .filter(|sentence| !sentence.is_empty())
            .collect();
        said.dedup();
        assert_eq!(said.len(), 3);
        assert!(said[0].contains("60 seconds"));
        assert!(said[2].contains("10 seconds"));
        assert!(said.iter().all(
            |sentence| sentence.contains("Stay signed in") && sentence.contains("Sign out now")
        ));
    }
}
