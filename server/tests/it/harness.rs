//! A whole server for one test, and browsers to use it with.

mod answer;
mod app;
mod browser;
mod held_clock;
mod probe;

pub use self::{
    answer::{Answer, SetCookie},
    app::{EMAIL, PASSWORD, Setup, TestApp},
    browser::{Browser, HOST, by_script, by_user, form},
    held_clock::HeldClock,
    probe::Probe,
};
