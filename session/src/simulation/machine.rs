//! A machine with one browser: its clocks, its cookie, its tabs and what they share.

use std::collections::VecDeque;

use super::{
    clock::Clocks,
    event::Event,
    plan::{MachinePlan, Person, Place, start},
    store::SessionNo,
    tab::{Document, Page, Tab},
};
use crate::Instant;

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) clocks: Clocks,
    pub(super) tabs: Vec<Tab>,
    /// The session whose id is in the cookie.
    pub(super) cookie: Option<SessionNo>,
    /// Who sits at it.
    pub(super) person: Person,
    /// When they last did something.
    pub(super) input_at: Instant,
    /// The step that makes it sleep.
    pub(super) asleep_by: Option<usize>,
    pub(super) awake_since: Instant,
    /// What happens to it once it is awake.
    pub(super) waiting: Vec<Event>,
    /// The steps that keep it off the network.
    pub(super) offline_by: Vec<usize>,
    /// Since when nothing has held up the reporting of activity.
    pub(super) calm_since: Instant,
    /// The tabs that ask for the Web Lock; the first holds it.
    pub(super) lock: VecDeque<(Place, usize)>,
    /// Whether its tabs hear each other.
    pub(super) has_channel: bool,
    windows: usize,
}

impl Machine {
    pub(super) fn new(plan: &MachinePlan) -> Self {
        Self {
            clocks: Clocks::new(plan.clock),
            tabs: (0..plan.tabs).map(|_| Tab::new()).collect(),
            cookie: None,
            person: plan.person,
            input_at: start(),
            asleep_by: None,
            awake_since: start(),
            waiting: Vec::new(),
            offline_by: Vec::new(),
            calm_since: start(),
            lock: VecDeque::new(),
            has_channel: plan.has_channel,
            windows: plan.windows,
        }
    }

    pub(super) fn is_awake(&self) -> bool {
        self.asleep_by.is_none()
    }

    pub(super) fn is_online(&self) -> bool {
        self.offline_by.is_empty()
    }

    /// The page in a tab, if it is still the one with this serial.
    pub(super) fn page(&self, tab: usize, serial: usize) -> Option<&Page> {
        self.tabs[tab].page().filter(|page| page.serial == serial)
    }

    /// The tabs that share a window with this one.
    pub(super) fn same_window(&self, tab: usize) -> impl Iterator<Item = usize> + use<> {
        let window = tab % self.windows;
        (window..self.tabs.len())
            .step_by(self.windows)
            .filter(move |other| *other != tab)
    }

    /// The tabs with a page that runs.
    pub(super) fn running(&self) -> Vec<usize> {
        let runs =
            |tab: &Tab| matches!(&tab.document, Document::Page(page) if page.stowed.is_none());
        (0..self.tabs.len())
            .filter(|tab| runs(&self.tabs[*tab]))
            .collect()
    }

    /// Something has held up the reporting of activity until now.
    pub(super) fn disturb(&mut self, until: Instant) {
        self.calm_since = self.calm_since.max(until);
    }
}
