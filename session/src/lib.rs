//! The rules for the lifetime of a session that the server and the browser share.
//!
//! Nothing here reads a clock, does I/O or depends on a framework. Every function that needs the
//! time takes it as an argument and returns what the caller has to do.
//!
//! * [`Policy`]: the limits on a session, which are validated on construction.
//! * [`Lifetime`]: the two instants that the server stores of a session, from which its
//!   [`Deadline`] follows.
//! * [`Status`]: the answer of the server to the browser, with durations and never with instants.
//! * [`Monitor`]: the state machine in the browser, which predicts the end of the session, conceals
//!   the page and asks the server.

mod elapsed;
mod generation;
mod lifetime;
mod monitor;
mod names;
mod policy;
#[cfg(all(any(test, feature = "simulation"), not(target_arch = "wasm32")))]
pub mod simulation;
mod status;
mod time;

pub use elapsed::{Elapsed, Reading};
pub use generation::{Generation, InvalidGeneration};
pub use lifetime::{Deadline, EndReason, Lifetime, Limit, UnknownEndReason};
pub use monitor::{
    Action, Attempt, Concealed, Countdown, Extension, Message, Monitor, News, Purpose, Request,
    Screen, State, Timer, UnknownMessage,
};
pub use names::Names;
pub use policy::{
    Advice, Checks, DeferredTouch, Limits, Policy, PolicyError, Preset, Rule, TightenError,
    TouchDecision, UnknownPreset,
};
pub use status::{ActiveStatus, Status};
pub use time::{Instant, whole_millis};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
