//! What goes to standard error: findings and errors, a line each.

use std::fmt;
use std::io::{self, Write as _};

use fragkit::{Error, Finding, Severity};

pub(crate) fn error(error: &Error) {
    line(error);
}

/// Prints a line. That nobody can read it is no reason to stop.
fn line(message: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "fragkit: {}", printable(message));
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
        if self.shown >= MOST {
            self.held_back += 1;
            return;
        }
        self.shown += 1;
        line(format_args!("{}: {finding}", finding.severity.as_str()));
    }

    pub(crate) fn note(&mut self, message: impl Into<String>) {
        self.show(&Finding::new(Severity::Note, message));
    }
}

impl Drop for Findings {
    fn drop(&mut self) {
        if self.held_back > 0 {
            line(format_args!("note: {} more findings; `fragkit inspect` shows all", self.held_back));
        }
    }
}
