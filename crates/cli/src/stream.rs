//! The inputs of a subcommand: files and folders to be mapped, or one pipe.

use std::fs::File;
use std::io::{self, Read};
#[cfg(unix)]
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use fragkit::{Error, ErrorKind, Fragment, Head, Item, Pipe, Source};

use crate::args::Inputs;
use crate::diagnostics::{self, Findings};
use crate::progress;

/// Where a subcommand reads from.
pub(crate) enum Input {
    Files(Source),
    Pipe(Box<dyn Read + Send>),
}

/// What of the fragments is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Heads,
    /// Where frames are, and the bytes of those that have to be looked at; of a pipe, those of the others as well.
    Places,
    Frames,
    /// Frames, and of a pipe each fragment as soon as it has come.
    Live,
}

/// Whether a path stands for standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Input {
    /// Opens the inputs. A pipe comes alone.
    pub(crate) fn open(inputs: &Inputs) -> Result<Input, Error> {
        let pipes: Vec<&PathBuf> = inputs.inputs.iter().filter(|path| is_pipe(path)).collect();
        match pipes.first() {
            None => {
                let source = diagnostics::timed("opened", || Source::open(&inputs.inputs))?;
                tracing::debug!("{} bytes in files", source.len());
                Ok(Input::Files(source))
            }
            Some(_) if inputs.inputs.len() > 1 => {
                let error = Error::new(ErrorKind::Usage, "a pipe is read alone, not beside other inputs");
                Err(error.hint("`cat` joins them: cat a.mkv b.mkv | fragkit clip - -o clip.mp4"))
            }
            Some(path) if is_dash(path) => Ok(standard_input()),
            Some(path) => match File::open(path) {
                Ok(file) => {
                    widen(&file);
                    Ok(Input::Pipe(Box::new(file)))
                }
                Err(error) => Err(Error::from_io(&error).at(format_args!("{}: cannot read", path.display()))),
            },
        }
    }

    /// All of the input as bytes at hand; a pipe goes through a temporary file.
    pub(crate) fn into_source(self) -> Result<Source, Error> {
        match self {
            Input::Files(source) => Ok(source),
            Input::Pipe(mut reader) => diagnostics::timed("took in the pipe", || Source::spool(&mut reader))
                .map_err(|error| error.at("cannot take in the input")),
        }
    }
}

/// Standard input: a file where the shell made it one (`fragkit list - < FILE`), and else a pipe.
#[cfg(unix)]
fn standard_input() -> Input {
    let stdin = io::stdin();
    if let Ok(file) = stdin.as_fd().try_clone_to_owned().map(File::from)
        && let Ok(source) = Source::rest_of(&file)
    {
        return Input::Files(source);
    }
    widen(&stdin);
    Input::Pipe(Box::new(stdin))
}

/// Standard input.
#[cfg(not(unix))]
fn standard_input() -> Input {
    Input::Pipe(Box::new(io::stdin()))
}

/// Lets a pipe hold more, so that writer and reader wait for each other less often.
#[cfg(target_os = "linux")]
fn widen(pipe: impl AsFd) {
    const BYTES: usize = 1 << 20;
    // It works all the same where that is not allowed, or it is no pipe.
    rustix::pipe::fcntl_setpipe_size(pipe, BYTES).unwrap_or_default();
}

#[cfg(not(target_os = "linux"))]
fn widen<T>(_pipe: T) {}

/// Standard input, a FIFO, a socket: what can be read only once.
fn is_pipe(path: &Path) -> bool {
    is_dash(path) || std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Calls `each` with every fragment and shows findings. No byte at all, or no fragment, is an error.
pub(crate) fn fragments(
    source: &Source,
    keep: Keep,
    findings: &mut Findings,
    mut each: impl FnMut(Fragment, &mut Findings) -> Result<(), Error>,
) -> Result<(), Error> {
    if source.is_empty() {
        return Err(empty());
    }
    let bar = progress::bar("reading", Some(source.len()));
    let mut items: Box<dyn Iterator<Item = Item>> = match keep {
        Keep::Heads => Box::new(source.heads()),
        Keep::Places => Box::new(source.items_without_audio_payload()),
        Keep::Frames | Keep::Live => Box::new(source.items()),
    };
    let mut count = 0_u64;
    diagnostics::timed("read", || {
        for item in &mut items {
            match item {
                Item::Fragment(fragment) => {
                    count += 1;
                    bar.set_position(fragment.head.offset);
                    each(fragment, findings)?;
                }
                Item::Finding(finding) => bar.suspend(|| findings.show(&finding)),
            }
        }
        Ok::<_, Error>(())
    })?;
    tracing::debug!("{count} fragments");
    bar.finish_and_clear();
    if count > 0 { Ok(()) } else { Err(no_fragments()) }
}

/// The same with several fragments at once, for what works on them in parallel: enough that waking the other threads costs little
/// beside it, few enough that they take no memory to speak of.
pub(crate) fn together(
    source: &Source,
    keep: Keep,
    findings: &mut Findings,
    mut each: impl FnMut(&[Fragment]),
) -> Result<(), Error> {
    const BYTES: u64 = 64 << 20;
    const FRAMES: u64 = 1 << 16;
    let (mut some, mut bytes, mut frames) = (Vec::new(), 0, 0);
    fragments(source, keep, findings, |fragment, _| {
        bytes += fragment.head.size;
        frames += fragment.head.frame_count();
        some.push(fragment);
        if bytes >= BYTES || frames >= FRAMES {
            each(&some);
            some.clear();
            (bytes, frames) = (0, 0);
        }
        Ok(())
    })?;
    each(&some);
    Ok(())
}

/// The fragments of a pipe, one at a time.
pub(crate) fn piped_fragments(
    reader: Box<dyn Read + Send>,
    keep: Keep,
    findings: &mut Findings,
    mut each: impl FnMut(Fragment, &mut Findings) -> Result<(), Error>,
) -> Result<(), Error> {
    let pipe = Pipe::new(reader);
    let pipe = match keep {
        Keep::Live => Ok(pipe.without_delay()),
        Keep::Heads => pipe.without_frames().with_read_ahead(),
        Keep::Places => pipe.with_audio_in_pieces().with_read_ahead(),
        Keep::Frames => pipe.with_read_ahead(),
    };
    let pipe = pipe.map_err(|error| unreadable(&error))?;
    let bar = progress::bar("reading", None);
    let (mut any, mut any_fragment) = (false, false);
    for item in pipe {
        any = true;
        match item {
            Ok(Item::Fragment(fragment)) => {
                any_fragment = true;
                bar.set_position(fragment.head.offset + fragment.head.size);
                each(fragment, findings)?;
            }
            Ok(Item::Finding(finding)) => bar.suspend(|| findings.show(&finding)),
            Err(error) => return Err(unreadable(&error)),
        }
    }
    bar.finish_and_clear();
    match (any, any_fragment) {
        (false, _) => Err(empty()),
        (true, false) => Err(no_fragments()),
        (true, true) => Ok(()),
    }
}

/// The error for a pipe that cannot be read.
pub(crate) fn unreadable(error: &io::Error) -> Error {
    Error::from_io(error).at("cannot read the input")
}

/// The heads of all fragments of any input.
pub(crate) fn heads(input: Input, findings: &mut Findings) -> Result<Vec<Head>, Error> {
    let mut heads = Vec::new();
    let keep = |fragment: Fragment, _: &mut Findings| {
        heads.push(fragment.head);
        Ok(())
    };
    match input {
        Input::Files(source) => fragments(&source, Keep::Heads, findings, keep)?,
        Input::Pipe(reader) => piped_fragments(reader, Keep::Heads, findings, keep)?,
    }
    Ok(heads)
}

/// The heads of all fragments, without a word about the input: that is said when it is read in earnest.
pub(crate) fn quiet_heads(source: &Source) -> Vec<Head> {
    let head_of = |item| if let Item::Fragment(fragment) = item { Some(fragment.head) } else { None };
    source.heads().filter_map(head_of).collect()
}

/// The error for an input without a byte.
pub(crate) fn empty() -> Error {
    Error::new(ErrorKind::Input, "the input is empty")
        .hint("GetMedia returns nothing when no fragment matches its start selector")
}

/// The error for an input in which nothing was found.
pub(crate) fn no_fragments() -> Error {
    Error::new(ErrorKind::Input, "there is no fragment with media in the input")
        .hint("it should be what GetMedia or GetMediaForFragmentList returns, or a Matroska file or an MP4 file")
}
