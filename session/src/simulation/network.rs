//! What becomes of a request on its way.

use std::time::Duration;

use fastrand::Rng;

use super::bounds::QUICK_ANSWER;

/// What the network is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    /// How long a request or an answer takes, in milliseconds: the shortest and the usual longest.
    pub(super) delay_ms: (u64, u64),
    /// How many of a thousand take up to a minute and a half.
    pub(super) slow_permille: u16,
    /// How many requests, and how many answers, of a thousand get lost.
    pub(super) loss_permille: u16,
    /// How many requests of a thousand arrive twice.
    pub(super) copy_permille: u16,
}

impl Weather {
    pub(super) const WIRED: Self = Self {
        delay_ms: (1, 40),
        slow_permille: 0,
        loss_permille: 0,
        copy_permille: 1,
    };
    pub(super) const MOBILE: Self = Self {
        delay_ms: (30, 900),
        slow_permille: 10,
        loss_permille: 15,
        copy_permille: 5,
    };
    pub(super) const HOSTILE: Self = Self {
        delay_ms: (5, 6_000),
        slow_permille: 80,
        loss_permille: 150,
        copy_permille: 100,
    };

    pub(super) fn fate(&self, dice: &mut Rng) -> Fate {
        let there_ms = self.delay(dice);
        let back_ms = self.delay(dice);
        let work_ms = match dice.u8(..100) {
            0..80 => 0,
            80..95 => dice.u64(1..60),
            _ => dice.u64(60..3_000),
        };
        let loss = match (self.strikes(dice, self.loss_permille), dice.bool()) {
            (false, _) => None,
            (true, true) => Some(Loss::Request),
            (true, false) => Some(Loss::Answer),
        };
        let copy_ms = self
            .strikes(dice, self.copy_permille)
            .then(|| there_ms + dice.u64(..30_000));
        Fate {
            there_ms,
            work_ms,
            back_ms,
            loss,
            copy_ms,
        }
    }

    fn delay(&self, dice: &mut Rng) -> u64 {
        let (shortest, longest) = self.delay_ms;
        if self.strikes(dice, self.slow_permille) {
            dice.u64(longest..longest + 90_000)
        } else {
            // Most are near the shortest.
            let spread = dice.u64(..=longest - shortest);
            shortest + spread * dice.u64(..=100) / 100
        }
    }

    fn strikes(&self, dice: &mut Rng, permille: u16) -> bool {
        permille > 0 && dice.u16(..1_000) < permille
    }
}

/// What becomes of one request. Durations are in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fate {
    /// Until it arrives.
    pub(super) there_ms: u64,
    /// Until the server has done what is asked.
    pub(super) work_ms: u64,
    /// Until the answer arrives.
    pub(super) back_ms: u64,
    /// What gets lost.
    pub(super) loss: Option<Loss>,
    /// Until a copy arrives, if there is one.
    pub(super) copy_ms: Option<u64>,
}

impl Fate {
    /// Whether the answer comes quickly.
    pub(super) fn is_quick(&self) -> bool {
        let round_trip = Duration::from_millis(self.there_ms + self.work_ms + self.back_ms);
        self.loss.is_none() && round_trip <= QUICK_ANSWER
    }
}

/// What gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    Request,
    Answer,
}
