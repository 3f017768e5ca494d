//! A history as text, with one line for each event.

use std::fmt;

use super::{moment::Moment, plan::Plan};
use crate::{Instant, News};

/// The text of a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    lines: Vec<String>,
}

impl History {
    /// Starts with the policy and the machines of `plan`.
    pub(super) fn of(plan: &Plan) -> Self {
        let limits = plan.policy.limits();
        let mut lines = vec![
            format!("seed {}", plan.seed),
            format!(
                "idle {:?}, absolute {:?}, warning {:?}, grace {:?}",
                limits.idle, limits.absolute, limits.warning, limits.grace
            ),
        ];
        for (number, machine) in (1..).zip(&plan.machines) {
            lines.push(format!(
                "machine {number}: {}; tabs: {}, windows: {}{}{}; wall clock off by {} ms, drifting {} ppm; \
                 monotonic clock drifting {} ppm{}",
                machine.person,
                machine.tabs,
                machine.windows,
                if machine.has_locks { "" } else { ", no locks" },
                if machine.has_channel { "" } else { ", no channel" },
                machine.clock.skew_ms,
                machine.clock.wall_drift_ppm,
                machine.clock.monotonic_drift_ppm,
                if machine.clock.monotonic_sleeps { ", standing still in suspend" } else { "" },
            ));
        }
        Self { lines }
    }

    pub(super) fn note(&mut self, at: Instant, who: impl fmt::Display, what: impl fmt::Display) {
        let line = format!("{}  {:<17}  {what}", Moment(at), who.to_string());
        self.lines.push(line);
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The news in a message between tabs, for a history.
pub(super) struct NewsText(pub(super) News);

impl fmt::Display for NewsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            News::Active { idle_for } => write!(f, "of activity {idle_for:?} ago"),
            News::Alive {
                idle_left,
                active_for: None,
            } => write!(f, "that the session is live, idle {idle_left:?} left"),
            News::Alive {
                idle_left,
                active_for: Some(active_for),
            } => write!(
                f,
                "that the session is live, idle {idle_left:?} left, and of activity {active_for:?} ago"
            ),
            News::Ended => f.write_str("of the end of the session"),
            News::InDoubt => f.write_str("that the state of the session is unclear"),
        }
    }
}
