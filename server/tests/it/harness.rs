//! A server for one test, and browsers that use it.

mod answer;
mod app;
mod browser;
mod held_clock;
mod probe;
mod server;

pub use self::{
    answer::{Answer, SetCookie},
    app::{EMAIL, PASSWORD, Setup, TestApp},
    browser::{Browser, HOST, by_script, by_user, form},
    held_clock::HeldClock,
    probe::Probe,
    server::{Server, cookie_header, cookie_of, generation_of, wait_until_ready_is},
};
