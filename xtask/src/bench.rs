//! Measures how fast Dwell is in comparison with other session libraries.

mod attack;
mod autogroup;
mod cores;
mod engines;
mod http;
mod load;
mod million;
mod program;
mod races;
mod report;
mod rounds;
mod session;
mod setup;
mod spread;
mod subjects;

use std::env;
use std::fs;
use std::io::stderr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use self::autogroup::AutogroupsOff;
use self::load::Call;
use self::program::Directory;
use self::report::Report;
use self::rounds::Effort;
use self::setup::LeftOut;
use self::subjects::{Environment, Field, Kind, Subject};
use crate::process::run;
use crate::step::step;
use crate::workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// Run fewer and shorter rounds, in less than five minutes once everything is built
    #[arg(long)]
    quick: bool,

    /// Print the numbers as JSON, and everything else to standard error
    #[arg(long)]
    json: bool,

    /// Only count how many sessions are revived by requests that are in flight during a sign-out
    #[arg(long)]
    races: bool,

    /// Only measure what people notice while somebody guesses passwords and holds connections
    #[arg(long, conflicts_with = "races")]
    attack: bool,

    /// The program to measure, if it has been built already
    #[arg(long, hide = true, requires = "attack")]
    subject: Option<PathBuf>,
}

impl Options {
    fn effort(&self) -> Effort {
        match self.quick {
            true => Effort {
                rounds: 4,
                turns: 1,
                seconds: 1,
                seen: 200_000,
            },
            false => Effort {
                rounds: 15,
                turns: 2,
                seconds: 1,
                seen: 1_000_000,
            },
        }
    }

    /// How many seconds are measured during the attack, and as many before it.
    fn seconds_of_attack(&self) -> u32 {
        if self.quick { 10 } else { 30 }
    }

    fn sign_outs(&self) -> u32 {
        if self.quick { 100 } else { 1_000 }
    }
}

pub(crate) fn bench(options: &Options) -> Result<()> {
    if options.json {
        return bench_for_programs(options);
    }
    report::remove(&figures())?;
    if options.attack {
        return bench_under_attack(options);
    }
    let mut left_out = LeftOut::default();
    let programs = setup::set_up(&mut left_out)?;
    let data = Directory::create(setup::directory().join("data"))?;
    let logs = setup::directory().join("logs");
    fs::create_dir_all(&logs)?;
    subjects::make_site(data.path())?;
    let _autogroups_off = step(
        "Turn off the scheduler's autogroups",
        AutogroupsOff::while_alive,
    )?;
    let environment = Environment {
        programs: &programs,
        data: data.path(),
        logs: &logs,
    };
    if options.races {
        race(&environment, options, left_out)
    } else {
        compare(&environment, options, left_out)
    }
}

fn compare(environment: &Environment, options: &Options, mut left_out: LeftOut) -> Result<()> {
    let effort = options.effort();
    let (page, keep_alive) = {
        let field = start(environment, &mut left_out)?;
        let everybody: Vec<&Subject> = field.subjects.iter().collect();
        let page = rounds::measure("The page", &everybody, Call::Page, effort)?;
        let is_dwell_or_bare = |subject: &&Subject| subject.kind != Kind::Peer;
        let ours: Vec<&Subject> = field.subjects.iter().filter(is_dwell_or_bare).collect();
        let keep_alive = rounds::measure("The keep-alive", &ours, Call::KeepAlive, effort)?;
        (page, keep_alive)
    };
    let report = Report {
        effort,
        page,
        keep_alive,
        million: left_out.unless("a million sessions", || {
            million::measure(environment, effort)
        }),
        left_out,
    };
    report::write(&report.to_json(), &figures())?;
    let plot = setup::plot()?;
    step("Draw the figures", || {
        report::draw(&plot, &figures(), &picture(options))
    })?;
    report.print();
    Ok(())
}

fn race(environment: &Environment, options: &Options, mut left_out: LeftOut) -> Result<()> {
    let field = start(environment, &mut left_out)?;
    let races = races::race(&field.subjects, options.sign_outs())?;
    report::write(&report::races_json(&races, &left_out), &figures())?;
    report::print_races(&races, &left_out);
    Ok(())
}

fn bench_under_attack(options: &Options) -> Result<()> {
    let programs = setup::set_up_subject(options.subject.as_deref())?;
    let data = Directory::create(setup::directory().join("data"))?;
    let logs = setup::directory().join("logs");
    fs::create_dir_all(&logs)?;
    subjects::make_site(data.path())?;
    let environment = Environment {
        programs: &programs,
        data: data.path(),
        logs: &logs,
    };
    let attack = attack::measure(&environment, options.seconds_of_attack())?;
    report::write(&attack.to_json(), &figures())?;
    attack.print();
    Ok(())
}

fn start(environment: &Environment, left_out: &mut LeftOut) -> Result<Field> {
    step("Start all servers and sign in a thousand people", || {
        Field::start(environment, left_out)
    })
}

/// Runs the same task in a process of its own with its standard output redirected to standard
/// error, because the set-up prints text that is not JSON. Then prints the numbers, which that
/// process has written to a file.
fn bench_for_programs(options: &Options) -> Result<()> {
    let mut task = Command::new(env::current_exe()?);
    task.arg("bench").stdout(stderr());
    for (is_on, option) in [
        (options.quick, "--quick"),
        (options.races, "--races"),
        (options.attack, "--attack"),
    ] {
        if is_on {
            task.arg(option);
        }
    }
    if let Some(subject) = &options.subject {
        task.arg("--subject").arg(subject);
    }
    run(&mut task)?;
    print!("{}", fs::read_to_string(figures())?);
    Ok(())
}

fn figures() -> PathBuf {
    setup::directory().join("bench.json")
}

/// Where the picture is written. That of a full run is shown in `docs/measured.md`.
fn picture(options: &Options) -> PathBuf {
    if options.quick {
        setup::directory().join("bench.svg")
    } else {
        workspace::root().join("docs/bench.svg")
    }
}
