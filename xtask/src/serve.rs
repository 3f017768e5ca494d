//! Serves Dwell.

use std::convert::Infallible;
use std::path::Path;
use std::{env, fs};

use anyhow::Result;
use toml::Table;

use crate::process::{become_program, cargo, command, run};
use crate::step::step;
use crate::{account, release, workspace};

pub(crate) fn release() -> Result<Infallible> {
    let server = release::server();
    welcome(&server)?;
    become_program(command(server).arg("serve"))
}

pub(crate) fn watch() -> Result<Infallible> {
    step("Build the server", || {
        // With this variable it is the same build as the first one of `cargo leptos watch`.
        run(cargo(["leptos", "build", "--server-only"]).env("LEPTOS_WATCH", "true"))
    })?;
    welcome(&workspace::target().join("debug/dwell"))?;
    become_program(&mut cargo(["leptos", "watch"]))
}

/// Creates the first account if there is none, and prints the address and how to sign in.
fn welcome(server: &Path) -> Result<()> {
    let password = step("Create the first account, if there is none", || {
        account::create(server)
    })?;
    println!();
    println!("    address   http://{}", address());
    println!("    e-mail    {}", account::EMAIL);
    match password {
        Some(password) => println!("    password  {password}  (shown only once)"),
        None => println!("    password  the one that was shown when the account was created"),
    }
    println!();
    Ok(())
}

fn address() -> String {
    env::var("DWELL_ADDR")
        .ok()
        .or_else(configured_address)
        .unwrap_or_else(|| "127.0.0.1:3000".into())
}

fn configured_address() -> Option<String> {
    let file = fs::read_to_string(workspace::root().join("dwell.toml")).ok()?;
    let settings: Table = file.parse().ok()?;
    Some(settings.get("addr")?.as_str()?.to_owned())
}
