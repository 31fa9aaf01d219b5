//! What the program tells of itself: its version with what it was built with, completions for shells, pages for `man`.

use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use fragkit::{Error, Output};

use crate::args::{Args, Completions, Man};
use crate::media::stdout_error;

/// The version, the features it was built with, and what decodes pictures.
#[cfg(not(feature = "ffmpeg"))]
pub(crate) const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nfeatures: none\ndecoders: H.264 by rusty_h264, rust_h264; H.265 by rusty_h265, rust_h265; MJPEG by zune-jpeg"
);

/// The version, the features it was built with, and what decodes pictures.
#[cfg(feature = "ffmpeg")]
pub(crate) const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nfeatures: ffmpeg\ndecoders: H.264 by libavcodec, rusty_h264, rust_h264; H.265 by libavcodec, rusty_h265, rust_h265; \
     MJPEG by zune-jpeg"
);

pub(crate) fn completions(args: &Completions) -> Result<(), Error> {
    let shell: Shell = args.shell;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "fragkit", &mut script);
    io::stdout().lock().write_all(&script).map_err(|error| stdout_error(&error))
}

/// The page of the program to standard output, or one of it and one of each subcommand into a folder.
pub(crate) fn man(args: &Man) -> Result<(), Error> {
    let mut program = Args::command();
    program.build();
    let Some(folder) = &args.out else {
        return io::stdout().lock().write_all(&page(&program)?).map_err(|error| stdout_error(&error));
    };
    let failed = |error| Error::from_io(&error).at(format_args!("{}: cannot make the folder", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    save(folder, "fragkit.1", &page(&program)?)?;
    for subcommand in program.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let name = format!("fragkit-{}", subcommand.get_name());
        let command = subcommand.clone().name(name.clone()).display_name(name.clone());
        save(folder, &format!("{name}.1"), &page(&command)?)?;
    }
    Ok(())
}

fn page(command: &Command) -> Result<Vec<u8>, Error> {
    let mut page = Vec::new();
    // Without the date of today, so that the same program gives the same page.
    let man = clap_mangen::Man::new(command.clone()).date("");
    man.render(&mut page).map_err(|error| Error::from_io(&error))?;
    Ok(page)
}

fn save(folder: &Path, name: &str, page: &[u8]) -> Result<(), Error> {
    let output = Output::create::<&Path>(&folder.join(name), &[])?;
    output.file().write_all(page).map_err(|error| output.failed(&error))?;
    output.finish()
}
