//! The transmission of requests and answers over a simulated network.

use std::time::Duration;

use fastrand::Rng;

use super::bounds::QUICK_ANSWER;

/// The quality of a network.
#[derive(Debug, Clone, Copy)]
pub(super) struct NetworkQuality {
    /// The shortest and the usual longest delay of a request or an answer, in milliseconds.
    pub(super) delay_ms: (u64, u64),
    /// How many requests and answers of a thousand take up to a minute and a half.
    pub(super) slow_permille: u16,
    /// How many requests, and how many answers, of a thousand are lost.
    pub(super) loss_permille: u16,
    /// How many requests of a thousand arrive twice.
    pub(super) copy_permille: u16,
}

impl NetworkQuality {
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

    pub(super) fn transit(&self, rng: &mut Rng) -> Transit {
        let there_ms = self.delay(rng);
        let back_ms = self.delay(rng);
        let work_ms = match rng.u8(..100) {
            0..80 => 0,
            80..95 => rng.u64(1..60),
            _ => rng.u64(60..3_000),
        };
        let loss = match (self.happens(rng, self.loss_permille), rng.bool()) {
            (false, _) => None,
            (true, true) => Some(Loss::Request),
            (true, false) => Some(Loss::Answer),
        };
        let copy_ms = self
            .happens(rng, self.copy_permille)
            .then(|| there_ms + rng.u64(..30_000));
        Transit {
            there_ms,
            work_ms,
            back_ms,
            loss,
            copy_ms,
        }
    }

    fn delay(&self, rng: &mut Rng) -> u64 {
        let (shortest, longest) = self.delay_ms;
        if self.happens(rng, self.slow_permille) {
            rng.u64(longest..longest + 90_000)
        } else {
            // Most delays are near the shortest.
            let spread = rng.u64(..=longest - shortest);
            shortest + spread * rng.u64(..=100) / 100
        }
    }

    fn happens(&self, rng: &mut Rng, permille: u16) -> bool {
        permille > 0 && rng.u16(..1_000) < permille
    }
}

/// How one request is transmitted. Durations are in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transit {
    /// The delay until the request arrives.
    pub(super) there_ms: u64,
    /// The time that the server takes for it.
    pub(super) work_ms: u64,
    /// The delay until the answer arrives.
    pub(super) back_ms: u64,
    /// The part of the exchange that is lost, if any.
    pub(super) loss: Option<Loss>,
    /// The delay until a copy of the request arrives, if there is one.
    pub(super) copy_ms: Option<u64>,
}

impl Transit {
    /// Whether the answer comes quickly.
    pub(super) fn is_quick(&self) -> bool {
        let round_trip = Duration::from_millis(self.there_ms + self.work_ms + self.back_ms);
        self.loss.is_none() && round_trip <= QUICK_ANSWER
    }
}

/// The part of an exchange that is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    Request,
    Answer,
}
