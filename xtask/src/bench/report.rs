//! Writes and prints the figures.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::million::Million;
use super::races::Raced;
use super::rounds::{Effort, Measured};
use super::setup::LeftOut;

/// Everything that was measured.
pub(crate) struct Report {
    pub(crate) effort: Effort,
    /// The results for the page, of every subject.
    pub(crate) page: Vec<Measured>,
    /// The results for the keep-alive of Dwell, and for an equivalent POST without sessions.
    pub(crate) keep_alive: Vec<Measured>,
    pub(crate) million: Option<Million>,
    pub(crate) left_out: LeftOut,
}

impl Report {
    /// Prints tables, in Markdown.
    pub(crate) fn print(&self) {
        println!(
            "\n| one authenticated GET that extends its session | ratio to bare axum | requests/s | p50, ms | p99, ms |"
        );
        println!("| --- | ---: | ---: | ---: | ---: |");
        for row in &self.page {
            print_measured(row, &row.ratio.to_string());
        }
        println!("\n| one keep-alive | p99, ratio to bare axum | requests/s | p50, ms | p99, ms |");
        println!("| --- | ---: | ---: | ---: | ---: |");
        for row in &self.keep_alive {
            print_measured(row, &row.p99_ratio.to_string());
        }
        if let Some(million) = &self.million {
            println!("\n| with a million live sessions, SQLite | | target |");
            println!("| --- | --- | --- |");
            for (what, figure, target) in million.rows() {
                println!("| {what} | {figure} | {target} |");
            }
        }
        println!(
            "\nThe median of all turns in {} rounds, and the lowest and the highest.",
            self.effort.rounds
        );
        print_left_out(&self.left_out);
    }

    pub(crate) fn to_json(&self) -> Value {
        let all = |rows: &[Measured]| rows.iter().map(Measured::to_json).collect::<Vec<_>>();
        json!({
            "effort": self.effort.to_json(),
            "page": all(&self.page),
            "keep_alive": all(&self.keep_alive),
            "million": self.million.as_ref().map(Million::to_json),
            "left_out": left_out_json(&self.left_out),
        })
    }
}

fn print_measured(row: &Measured, ratio: &str) {
    println!(
        "| {} | {ratio} | {:.0} | {:.2} | {:.2} |",
        row.name, row.per_second.median, row.p50_ms.median, row.p99_ms.median
    );
}

pub(crate) fn print_races(races: &[Raced], left_out: &LeftOut) {
    println!("\n| sign-outs against eight requests in flight | sign-outs | revived |");
    println!("| --- | ---: | ---: |");
    for (name, sign_outs, revived) in races.iter().map(Raced::row) {
        println!("| {name} | {sign_outs} | {revived} |");
    }
    print_left_out(left_out);
}

pub(crate) fn races_json(races: &[Raced], left_out: &LeftOut) -> Value {
    json!({
        "races": races.iter().map(Raced::to_json).collect::<Vec<_>>(),
        "left_out": left_out_json(left_out),
    })
}

fn print_left_out(left_out: &LeftOut) {
    for (what, why) in left_out.iter() {
        println!("Left out: {what}: {why}");
    }
}

fn left_out_json(left_out: &LeftOut) -> Value {
    let all = left_out
        .iter()
        .map(|(what, why)| json!({ "what": what, "why": why }));
    all.collect()
}

/// Draws the figures in `json` into `picture`.
pub(crate) fn draw(plot: &Path, json: &Path, picture: &Path) -> Result<()> {
    let figures = File::open(json).context("cannot read the figures")?;
    let status = Command::new(plot)
        .arg(picture)
        .stdin(Stdio::from(figures))
        .status()?;
    ensure!(status.success(), "the picture could not be drawn");
    println!("    {}", picture.display());
    Ok(())
}

pub(crate) fn write(figures: &Value, file: &Path) -> Result<()> {
    let mut text = File::create(file).with_context(|| format!("writing {}", file.display()))?;
    Ok(writeln!(text, "{figures:#}")?)
}

/// Removes the figures of an earlier run, so that they are not mistaken for those of this one.
pub(crate) fn remove(file: &Path) -> Result<()> {
    if file.exists() {
        fs::remove_file(file).context("cannot remove the figures of the last run")?;
    }
    Ok(())
}
