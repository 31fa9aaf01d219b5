//! What goes to standard error: findings and errors, a line each, in colour on a terminal; and what is being done, if that is asked
//! for.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use fragkit::{Error, Finding, Severity};
use tracing::Level;

use crate::args::Everywhere;

/// Whether nothing but errors is to be said.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Says as much as is asked for from here on.
pub(crate) fn set_up(args: &Everywhere) {
    QUIET.store(args.quiet, Ordering::Relaxed);
    if args.verbose > 0 {
        let level = if args.verbose > 1 { Level::TRACE } else { Level::DEBUG };
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(io::stderr)
            .with_ansi(false)
            .with_target(false)
            .with_timer(tracing_subscriber::fmt::time::uptime())
            .init();
    }
}

/// Does something, and tells how long it took if that is asked for.
pub(crate) fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    tracing::debug!("{what}: {:.1?}", begun.elapsed());
    done
}

/// Whether somebody looks at standard error who wants to know how it goes.
pub(crate) fn is_watched() -> bool {
    !QUIET.load(Ordering::Relaxed) && io::stderr().is_terminal()
}

pub(crate) fn error(error: &Error) {
    line(&Style::new().fg_color(Some(AnsiColor::Red.into())).bold(), "", error);
}

/// Says what came of it, if somebody looks.
pub(crate) fn done(message: impl fmt::Display) {
    if is_watched() {
        let _ = writeln!(io::stderr(), "{}", printable(message));
    }
}

/// Prints a line, with how severe it is in front. That nobody can read it is no reason to stop.
fn line(style: &Style, severity: &str, message: impl fmt::Display) {
    let separator = if severity.is_empty() { "" } else { ": " };
    let message = printable(message);
    // Escape sequences go to terminals alone, and not where NO_COLOR is set.
    let _ = writeln!(anstream::stderr(), "{style}fragkit: {severity}{style:#}{separator}{message}");
}

/// Text in which control characters are written out: names and tags are not to break lines or to command the terminal.
pub(crate) fn printable(text: impl fmt::Display) -> String {
    let mut printable = String::new();
    for character in text.to_string().chars() {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Reports findings; of very many of one kind, the first ones and a count.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    shown: usize,
    held_back: usize,
}

const MOST: usize = 50;

impl Findings {
    pub(crate) fn show(&mut self, finding: &Finding) {
        if QUIET.load(Ordering::Relaxed) && finding.severity < Severity::Error {
            return;
        }
        if self.shown >= MOST {
            self.held_back += 1;
            return;
        }
        self.shown += 1;
        let colour = match finding.severity {
            Severity::Error => AnsiColor::Red,
            Severity::Warning => AnsiColor::Yellow,
            _ => AnsiColor::Cyan,
        };
        line(&Style::new().fg_color(Some(colour.into())), finding.severity.as_str(), finding);
    }

    pub(crate) fn note(&mut self, message: impl Into<String>) {
        self.show(&Finding::new(Severity::Note, message));
    }
}

impl Drop for Findings {
    fn drop(&mut self) {
        if self.held_back > 0 {
            self.shown = 0;
            self.note(format!("{} more findings; `fragkit inspect` shows all", self.held_back));
        }
    }
}
