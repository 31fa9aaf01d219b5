//! The program `fragkit`: one subcommand for each thing that the library does.
//!
//! Results go to standard output or to the file named by `-o`; findings, errors and progress to standard error. Exit codes:
//! 0 done, 1 the input is invalid or has nothing to give, 2 usage, 3 reading or writing failed.

mod args;
mod clip;
mod inspect;
mod list;
mod media;
mod progress;
mod remux;
mod report;
mod stream;
mod when;

use std::process::ExitCode;

use clap::Parser as _;
use fragkit::{Error, ErrorKind};

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.command {
        Command::List(args) => list::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Media(args) => media::run(args),
        Command::Clip(args) => clip::run(args),
        Command::Merge(args) => remux::merge(args),
        Command::Chunks(args) => remux::chunks(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            exit_code(&error)
        }
    }
}

fn exit_code(error: &Error) -> ExitCode {
    ExitCode::from(match error.kind() {
        ErrorKind::Input => 1,
        ErrorKind::Usage => 2,
        _ => 3,
    })
}
