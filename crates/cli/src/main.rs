//! The program `fragkit`: one subcommand for each thing that the library does.
//!
//! Results go to standard output or to the file named by `-o`; findings, errors and progress to standard error. Exit codes:
//! 0 done, 1 the input is invalid or has nothing to give, 2 usage, 3 reading or writing failed.

#![forbid(unsafe_code)]

mod about;
mod args;
mod audio;
mod clip;
mod diagnostics;
mod images;
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
use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
use fragkit::{Error, ErrorKind};

use args::{Args, Command};

fn main() -> ExitCode {
    quiet_decoders();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    diagnostics::set_up(&args.everywhere);
    if let Some(jobs) = args.everywhere.jobs {
        // It fails where there is a pool already, and there is none yet.
        rayon::ThreadPoolBuilder::new().num_threads(jobs.get()).build_global().unwrap_or_default();
    }
    let done = match &args.command {
        Command::List(args) => list::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Report(args) => report::run(args),
        Command::Media(args) => media::run(args),
        Command::Clip(args) => clip::run(args),
        Command::Images(args) => images::run(args),
        Command::Audio(args) => audio::run(args),
        Command::Merge(args) => remux::merge(args),
        Command::Chunks(args) => remux::chunks(args),
        Command::Completions(args) => about::completions(args),
        Command::Man(args) => about::man(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the text has seen enough; part of a file is never enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe && args.command.prints_text() => ExitCode::SUCCESS,
        Err(error) => {
            diagnostics::error(&error);
            exit_code(&error)
        }
    }
}

/// A decoder that breaks down costs a picture, which is told of there; the rest of the program goes on.
fn quiet_decoders() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !fragkit::image::decoder::is_guarded() {
            tell(panic);
        }
    }));
}

/// Help goes out as it is; what is wrong with the arguments is told in one line, as everything else is.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == DisplayHelpOnMissingArgumentOrSubcommand {
        // Whoever asked for help has seen enough of it.
        let _ = error.print();
        return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    let text = error.to_string();
    let lines = text.strip_prefix("error: ").unwrap_or(&text).lines().map(str::trim);
    let mut message = String::new();
    for line in lines.take_while(|line| !line.starts_with("Usage: ") && !line.starts_with("For more information")) {
        if !message.is_empty() && !line.is_empty() {
            message += if message.ends_with(':') || line.starts_with('[') { " " } else { "; " };
        }
        message += line;
    }
    let error = Error::new(ErrorKind::Usage, message).hint("--help shows how");
    diagnostics::error(&error);
    exit_code(&error)
}

fn exit_code(error: &Error) -> ExitCode {
    ExitCode::from(match error.kind() {
        ErrorKind::Input => 1,
        ErrorKind::Usage => 2,
        _ => 3,
    })
}
