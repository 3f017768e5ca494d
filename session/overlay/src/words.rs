//! Durations as text for people.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// A duration in words, such as "1 hour 30 minutes", in whole seconds and without parts that are
/// zero.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [
        (seconds / HOUR, "hour"),
        (seconds % HOUR / MINUTE, "minute"),
        (seconds % MINUTE, "second"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| match count {
            1 => format!("1 {unit}"),
            _ => format!("{count} {unit}s"),
        })
        .collect();
    if said.is_empty() {
        "0 seconds".into()
    } else {
        said.join(" ")
    }
}

/// Seconds as on a clock, such as `1:05` or `1:00:05`.
pub fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / HOUR, seconds % HOUR / MINUTE, seconds % MINUTE);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_without_zero_parts() {
        let said = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(said(1_800), "30 minutes");
        assert_eq!(said(43_200), "12 hours");
        assert_eq!(said(5_401), "1 hour 30 minutes 1 second");
        assert_eq!(said(0), "0 seconds");
    }

    #[test]
    fn the_clock_shows_hours_only_where_there_are_any() {
        assert_eq!(clock(0), "0:00");
        assert_eq!(clock(119), "1:59");
        assert_eq!(clock(3_605), "1:00:05");
    }
}
