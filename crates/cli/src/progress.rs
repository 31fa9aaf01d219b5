//! A bar on standard error, if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::diagnostics::is_watched;

/// Counts bytes for a bar, and tells it only now and then: runs are many and small.
#[derive(Debug)]
pub(crate) struct Counter<'b> {
    bar: &'b ProgressBar,
    untold: u64,
}

const TELL_EVERY: u64 = 4 << 20;

impl<'b> Counter<'b> {
    pub(crate) fn new(bar: &'b ProgressBar) -> Self {
        Counter { bar, untold: 0 }
    }

    #[inline]
    pub(crate) fn add(&mut self, bytes: u64) {
        self.untold += bytes;
        if self.untold >= TELL_EVERY {
            self.bar.inc(std::mem::take(&mut self.untold));
        }
    }
}

/// A bar over `bytes`, or over nothing known.
pub(crate) fn bar(what: &'static str, bytes: Option<u64>) -> ProgressBar {
    if !is_watched() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match bytes {
        Some(bytes) => (ProgressBar::new(bytes), "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}"),
        None => (ProgressBar::new_spinner(), "{msg} {bytes}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// A bar over so many things, with their rate and the time that is left.
pub(crate) fn count(what: &'static str, things: usize) -> ProgressBar {
    if !is_watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(things).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}
