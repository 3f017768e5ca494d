//! Measures how fast Dwell is beside what people use otherwise.

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
mod spite;
mod spread;
mod subjects;

use std::env;
use std::fs;
use std::io::stderr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use self::autogroup::Ungrouped;
use self::load::Call;
use self::program::Directory;
use self::report::Report;
use self::rounds::Effort;
use self::setup::LeftOut;
use self::subjects::{Field, Kind, Place, Subject};
use crate::process::run;
use crate::step::step;
use crate::workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// Fewer and shorter rounds, in less than five minutes once everything is built
    #[arg(long)]
    quick: bool,

    /// Print the numbers as JSON, and everything else to standard error
    #[arg(long)]
    json: bool,

    /// Count instead how many sessions are revived by requests in flight when people sign out
    #[arg(long)]
    races: bool,

    /// Measure instead what people see while somebody guesses passwords and holds connections
    #[arg(long, conflicts_with = "races")]
    spite: bool,

    /// The subject of the benchmarks that was built already, for `--spite`
    #[arg(long, hide = true, requires = "spite")]
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

    /// How long spite is measured, and how long quiet is.
    fn seconds_of_spite(&self) -> u32 {
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
    if options.spite {
        return bench_under_spite(options);
    }
    let mut left_out = LeftOut::default();
    let programs = setup::set_up(&mut left_out)?;
    let data = Directory::create(setup::place().join("data"))?;
    let logs = setup::place().join("logs");
    fs::create_dir_all(&logs)?;
    subjects::make_site(data.path())?;
    let _ungrouped = step(
        "Let the processors be shared evenly",
        Ungrouped::while_measured,
    )?;
    let place = Place {
        programs: &programs,
        data: data.path(),
        logs: &logs,
    };
    if options.races {
        race(&place, options, left_out)
    } else {
        compare(&place, options, left_out)
    }
}

fn compare(place: &Place, options: &Options, mut left_out: LeftOut) -> Result<()> {
    let effort = options.effort();
    let (page, keep_alive) = {
        let field = start(place, &mut left_out)?;
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
        million: left_out.unless("a million sessions", || million::measure(place, effort)),
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

fn race(place: &Place, options: &Options, mut left_out: LeftOut) -> Result<()> {
    let field = start(place, &mut left_out)?;
    let races = races::race(&field.subjects, options.sign_outs())?;
    report::write(&report::races_json(&races, &left_out), &figures())?;
    report::print_races(&races, &left_out);
    Ok(())
}

fn bench_under_spite(options: &Options) -> Result<()> {
    let programs = setup::set_up_subject(options.subject.as_deref())?;
    let data = Directory::create(setup::place().join("data"))?;
    let logs = setup::place().join("logs");
    fs::create_dir_all(&logs)?;
    subjects::make_site(data.path())?;
    let place = Place {
        programs: &programs,
        data: data.path(),
        logs: &logs,
    };
    let spite = spite::measure(&place, options.seconds_of_spite())?;
    report::write(&spite.to_json(), &figures())?;
    spite.print();
    Ok(())
}

fn start(place: &Place, left_out: &mut LeftOut) -> Result<Field> {
    step("Start everything and sign in a thousand people", || {
        Field::start(place, left_out)
    })
}

/// Does the same in a process of its own, whose standard output is our standard error: what the
/// set-up says is no JSON. Then prints the numbers, which that process has written to a file.
fn bench_for_programs(options: &Options) -> Result<()> {
    let mut task = Command::new(env::current_exe()?);
    task.arg("bench").stdout(stderr());
    for (is_on, option) in [
        (options.quick, "--quick"),
        (options.races, "--races"),
        (options.spite, "--spite"),
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
    setup::place().join("bench.json")
}

/// `docs/measured.md` shows that of a full run.
fn picture(options: &Options) -> PathBuf {
    if options.quick {
        setup::place().join("bench.svg")
    } else {
        workspace::root().join("docs/bench.svg")
    }
}
