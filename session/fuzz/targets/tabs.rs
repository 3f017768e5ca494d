//! What another tab says has one meaning, and neither extends a session, nor reveals its page, nor ends
//! it.
#![no_main]

use std::time::Duration;

use dwell_session::{
    Action, ActiveStatus, Generation, Instant, Message, Monitor, Screen, State, UnknownMessage,
};
use libfuzzer_sys::fuzz_target;

// Each line is a message of another tab, after the seconds to wait before it.
fuzz_target!(|text: &str| {
    let mut now = Instant::from_millis(0);
    let mut page = Page::at(now);
    for line in text.split('\n') {
        let Some((wait, message)) = line.split_once(' ') else {
            continue;
        };
        if let Ok(seconds) = wait.parse::<u16>() {
            now = now + Duration::from_secs(seconds.into());
            page.monitor.handle_timeout(now);
            page.look();
        }
        let parsed: Result<Message, UnknownMessage> = message.parse();
        if let Ok(parsed) = parsed {
            assert_eq!(parsed.to_string(), message);
            page.monitor.handle_message(&parsed, Duration::ZERO, now);
            page.look();
        }
    }
});

/// A page whose server never answers.
struct Page {
    monitor: Monitor,
    deadline: Instant,
    is_concealed: bool,
}

impl Page {
    fn at(now: Instant) -> Self {
        let status = ActiveStatus {
            idle_remaining: Duration::from_secs(900),
            absolute_remaining: Duration::from_secs(7_200),
            warning: Duration::from_secs(120),
            grace: Duration::from_secs(5),
            touch_interval: Duration::from_secs(60),
            generation: Generation::from_random(1),
        };
        let monitor = Monitor::new(&status, now, 0, now);
        let (deadline, _) = monitor.told_deadline();
        let mut page = Self {
            monitor,
            deadline,
            is_concealed: false,
        };
        page.look();
        page
    }

    fn look(&mut self) {
        let (deadline, _) = self.monitor.told_deadline();
        assert_eq!(deadline, self.deadline, "a tab has moved the deadline");
        while let Some(action) = self.monitor.poll_action() {
            match action {
                Action::Show(Screen::Page | Screen::Countdown(_)) => {
                    assert!(!self.is_concealed, "a tab has revealed the page");
                }
                Action::Show(_) => self.is_concealed = true,
                Action::Leave(_) | Action::Adopt(_) => panic!("a tab has ended the session"),
                Action::Send(_) | Action::Tell(_) => {}
            }
        }
        let has_ended = matches!(self.monitor.state(), State::Ended(_));
        assert!(!has_ended, "a tab has ended the session");
    }
}
