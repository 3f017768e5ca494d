//! A machine with one browser: its clocks, its cookie and its tabs.

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
    /// The person who uses it.
    pub(super) person: Person,
    /// When that person was last active.
    pub(super) input_at: Instant,
    /// The step during which it sleeps.
    pub(super) asleep_by: Option<usize>,
    pub(super) awake_since: Instant,
    /// The events that wait until it is awake.
    pub(super) waiting: Vec<Event>,
    /// The steps during which it is offline.
    pub(super) offline_by: Vec<usize>,
    /// Since when nothing has delayed the reporting of activity.
    pub(super) undisturbed_since: Instant,
    /// The tabs that have requested the Web Lock. The first of them holds it.
    pub(super) lock: VecDeque<(Place, usize)>,
    /// Whether its tabs can exchange messages.
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
            undisturbed_since: start(),
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

    /// The page in a tab, if it is the one with this serial number.
    pub(super) fn page(&self, tab: usize, serial: usize) -> Option<&Page> {
        self.tabs[tab].page().filter(|page| page.serial == serial)
    }

    /// The other tabs in the window of this one.
    pub(super) fn same_window(&self, tab: usize) -> impl Iterator<Item = usize> + use<> {
        let window = tab % self.windows;
        (window..self.tabs.len())
            .step_by(self.windows)
            .filter(move |other| *other != tab)
    }

    /// The tabs in which a page is running.
    pub(super) fn running(&self) -> Vec<usize> {
        let runs =
            |tab: &Tab| matches!(&tab.document, Document::Page(page) if page.dormancy.is_none());
        (0..self.tabs.len())
            .filter(|tab| runs(&self.tabs[*tab]))
            .collect()
    }

    /// Something delays the reporting of activity until `until`.
    pub(super) fn disturb(&mut self, until: Instant) {
        self.undisturbed_since = self.undisturbed_since.max(until);
    }
}
