//! The rules of a session's lifetime that the server and the browser share.
//!
//! Nothing here reads a clock, does I/O or knows a framework: time comes in as an argument,
//! and what is to be done comes out as a value.
//!
//! * [`Policy`]: the limits in force, validated on construction.
//! * [`Lifetime`]: what the server knows of one session, and the [`Deadline`] that follows.
//! * [`Status`]: what the server tells the browser, as durations and never as instants.
//! * [`Monitor`]: the browser's state machine, which predicts, conceals and asks.

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
