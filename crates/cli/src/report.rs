//! What goes to standard error: findings and errors, a line each.

use fragkit::{Error, Finding, Severity};

pub(crate) fn error(error: &Error) {
    eprintln!("fragkit: {error}");
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
        let severity = finding.severity.as_str();
        eprintln!("fragkit: {severity}: {finding}");
    }

    pub(crate) fn note(&mut self, message: impl Into<String>) {
        self.show(&Finding {
            severity: Severity::Note,
            exception: None,
            offset: None,
            path: String::new(),
            fragment_number: None,
            message: message.into(),
            hint: None,
        });
    }
}

impl Drop for Findings {
    fn drop(&mut self) {
        if self.held_back > 0 {
            eprintln!("fragkit: {} more findings; `fragkit inspect` shows all", self.held_back);
        }
    }
}
