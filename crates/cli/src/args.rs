//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use fragkit::{ClusterSize, FragmentNumber, Gaps, OnChange, ServiceException, ServiceLimits, TagNames, TimestampType};

use crate::when::{self, When};

/// Media of Amazon Kinesis Video Streams, offline
///
/// Reads what GetMedia and GetMediaForFragmentList return, and ordinary Matroska, MP4 and MOV files, from files, folders and pipes.
#[derive(Debug, Parser)]
#[command(name = "fragkit", version, long_version = crate::about::VERSION, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}

/// What holds for every subcommand.
#[derive(Debug, Clone, Copy, ClapArgs)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Everywhere {
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say what is being done and how long it takes; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Threads that work at the same time [default: one for each processor]
    #[arg(short, long, global = true, value_name = "N")]
    pub(crate) jobs: Option<std::num::NonZeroUsize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(List),
    Inspect(Inspect),
    Report(Report),
    Media(Media),
    Clip(Clip),
    Images(Images),
    Audio(Audio),
    Merge(Merge),
    Chunks(Chunks),
    Completions(Completions),
    Man(Man),
}

impl Command {
    /// Whether what goes to standard output is text, line by line.
    pub(crate) fn prints_text(&self) -> bool {
        match self {
            Command::Report(report) => report.html.is_none(),
            command => matches!(
                command,
                Command::List(_) | Command::Inspect(_) | Command::Images(_) | Command::Completions(_) | Command::Man(_)
            ),
        }
    }
}

/// List the fragments, as ListFragments does
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  fragkit list getmedia.mkv --by server --from 2017-11-28T06:54:00Z")]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Print the service's response: {"Fragments": [...]}
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show chunks, tracks, private data, what is wrong with them, and which outputs are possible
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  fragkit inspect getmedia.mkv\n  fragkit inspect getmedia.mkv --fields")]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// Print all of it as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Also decode the private data of each track, field by field
    #[arg(long)]
    pub(crate) fields: bool,
    /// Repair nothing: what `clip --strict` refuses is an error
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Show coverage, gaps, rates and delays over time, and what happens in between
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  fragkit report getmedia.mkv\n  fragkit report getmedia.mkv --html report.html")]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Print all of it as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write one page with plots that needs nothing else, - for standard output
    #[arg(long, value_name = "OUT.html", conflicts_with = "json")]
    pub(crate) html: Option<PathBuf>,
}

/// Copy chosen chunks as they are, as GetMediaForFragmentList does
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  fragkit media getmedia.mkv --fragment 91343852333181432392682062609776234230823574155 -o one.mkv"
)]
pub(crate) struct Media {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// Number of a fragment to copy; they come out in the order given
    #[arg(long = "fragment", value_name = "N", required = true, num_args = 1..)]
    pub(crate) fragments: Vec<FragmentNumber>,
    /// File to write, - for standard output
    #[arg(short, long, value_name = "OUT.mkv")]
    pub(crate) output: PathBuf,
    /// Names of the tags in chunks that stand for fragments which are not there
    #[arg(long, value_enum, default_value_t)]
    pub(crate) tag_names: TagNamesArg,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Make one MP4, as GetClip does
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  fragkit clip getmedia.mkv -o clip.mp4 --from +10s --to +30s --include-overlap")]
pub(crate) struct Clip {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// File to write, - for standard output
    #[arg(short, long, value_name = "OUT.mp4")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) range: Range,
    #[command(flatten)]
    pub(crate) joining: Joining,
    /// Quotas of the service to keep to
    #[arg(long, value_enum, default_value_t)]
    pub(crate) limits: LimitsArg,
    /// Refuse what the service refuses instead of repairing it
    #[arg(long)]
    pub(crate) strict: bool,
    /// Keep a file that is there already as it would be written
    #[arg(long)]
    pub(crate) resume: bool,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Take pictures at given times, as GetImages does
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  fragkit images getmedia.mkv --out pictures --every 3s --width 640\n  fragkit images getmedia.mkv --sheet sheet.jpg --every 10s",
    group = clap::ArgGroup::new("target").required(true)
)]
pub(crate) struct Images {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// Folder for the pictures, named by their times in milliseconds, and for index.json that lists them
    #[arg(long, value_name = "DIR", group = "target")]
    pub(crate) out: Option<PathBuf>,
    /// Print the service's response: {"Images": [...]}
    #[arg(long, group = "target")]
    pub(crate) json: bool,
    /// One picture with all of them, each with its time; where there are many, SHEET-2, SHEET-3 ... [.jpg or .png]
    #[arg(long, value_name = "SHEET", group = "target")]
    pub(crate) sheet: Option<PathBuf>,
    /// From one picture to the next
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = when::duration)]
    pub(crate) every: fragkit::Nanos,
    #[command(flatten)]
    pub(crate) range: Range,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Which frame is taken for a time
    #[arg(long, value_enum, default_value_t)]
    pub(crate) pick: PickArg,
    /// Thumbnails as Amazon IVS records them: of the first key frame at or after every interval, in thumb0.jpg, thumb1.jpg ...
    /// (sequential), or with each new one in the place of the last, in latest.jpg
    #[arg(long, value_enum, requires = "out", conflicts_with_all = ["pick", "json", "sheet"])]
    pub(crate) storage: Option<StorageArg>,
    /// How pictures are written [default: jpeg, or as the name of the sheet says]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// Quality of JPEG, 1 to 100 [default: 80; what is JPEG already stays as it is]
    #[arg(long, value_name = "Q")]
    pub(crate) quality: Option<u8>,
    /// Take longer for smaller PNG files
    #[arg(long)]
    pub(crate) small: bool,
    /// Width in pixels; the height follows unless it is given
    #[arg(long, value_name = "W")]
    pub(crate) width: Option<u32>,
    /// Height in pixels; the width follows unless it is given
    #[arg(long, value_name = "H")]
    pub(crate) height: Option<u32>,
    /// Most pictures at once; the token for those that follow is in the result
    #[arg(long, value_name = "N")]
    pub(crate) max_results: Option<usize>,
    /// Go on where the pictures with this token ended
    #[arg(long, value_name = "TOKEN")]
    pub(crate) next_token: Option<String>,
    /// Quotas of the service to keep to
    #[arg(long, value_enum, default_value_t)]
    pub(crate) limits: LimitsArg,
    /// Keep the pictures of the same request that are in the folder already, and make the others
    #[arg(long, requires = "out", conflicts_with = "storage")]
    pub(crate) resume: bool,
    /// Say how much would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Make sound files: WAV of PCM and G.711, M4A of AAC, tracks aligned by wall-clock time
///
/// Silence fills the time in which a track has nothing, so that all files begin together and what was said at the same time is heard
/// at the same time. Amazon Connect labels its samples as AAC; they are known by the tag MimeType.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  fragkit audio call.mkv -o call.wav --layout stereo\n  fragkit audio call.mkv -o customer.wav --track AUDIO_FROM_CUSTOMER"
)]
pub(crate) struct Audio {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// File to write, - for standard output; of several tracks OUT-NAME each. Without .wav or .m4a at the end, what is in a track decides
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// A track by its number or name; all of sound unless given
    #[arg(long = "track", value_name = "NAME|N")]
    pub(crate) tracks: Vec<fragkit::TrackChoice>,
    /// A file for each track, or two tracks of one channel as left and right of one WAV file
    #[arg(long, value_enum, default_value_t)]
    pub(crate) layout: LayoutArg,
    /// Keep G.711 as it is, or decode it to 16-bit PCM
    #[arg(long, value_enum, default_value_t)]
    pub(crate) g711: G711Arg,
    #[command(flatten)]
    pub(crate) range: Range,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Make one ordinary Matroska file that every player reads
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  fragkit merge getmedia.mkv -o merged.mkv")]
pub(crate) struct Merge {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// File to write, - for standard output
    #[arg(short, long, value_name = "OUT.mkv")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) range: Range,
    #[command(flatten)]
    pub(crate) joining: Joining,
    /// Keep private data and frames as they are
    #[arg(long)]
    pub(crate) strict: bool,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Make a chunk stream of an ordinary Matroska, MP4 or MOV file, as PutMedia and GetMedia would
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  fragkit chunks recording.mkv -o chunks.mkv --start 2024-05-01T12:00:00Z --fragment-length 2s"
)]
pub(crate) struct Chunks {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// File to write, - for standard output
    #[arg(short, long, value_name = "OUT.mkv")]
    pub(crate) output: PathBuf,
    /// Producer timestamp of the first frame; the file's own clock, or 0, unless given
    #[arg(long, value_name = "T", value_parser = when::absolute)]
    pub(crate) start: Option<fragkit::Timestamp>,
    /// Shortest fragment; each starts with a key frame
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = when::duration)]
    pub(crate) fragment_length: fragkit::Nanos,
    /// Whether Clusters say how long they are
    #[arg(long, value_enum, default_value_t)]
    pub(crate) cluster_size: ClusterSizeArg,
    /// Names of the service's tags
    #[arg(long, value_enum, default_value_t)]
    pub(crate) tag_names: TagNamesArg,
    /// Leave out the tags that GetMedia writes behind the media
    #[arg(long)]
    pub(crate) no_trailing_tags: bool,
    /// Private data and frames with start codes, as from a producer that does not adapt them
    #[arg(long)]
    pub(crate) annex_b: bool,
    /// Metadata for every fragment
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = tag)]
    pub(crate) tags: Vec<(String, String)>,
    /// Put a chunk with this exception behind the N-th chunk
    #[arg(long = "exception", value_name = "N=CODE", value_parser = exception)]
    pub(crate) exceptions: Vec<fragkit::Inserted>,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Print a script that completes commands and options in a shell
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  fragkit completions bash > ~/.local/share/bash-completion/completions/fragkit")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page, or write one of each subcommand into a folder
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  fragkit man --out ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Folder for fragkit.1, fragkit-clip.1 and so on
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Headings of options that several subcommands have.
const WHICH: &str = "Which fragments";
const JOINED: &str = "How they are joined";

#[derive(Debug, ClapArgs)]
pub(crate) struct Inputs {
    /// Files and folders, taken as one stream in this order; - for standard input
    #[arg(value_name = "INPUT", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Range {
    /// Which time of a fragment counts
    #[arg(long, value_enum, default_value_t, help_heading = WHICH)]
    pub(crate) by: ByArg,
    /// Earliest start of a fragment: RFC 3339, epoch seconds, or +10s from the start of the media
    #[arg(long, value_name = "T", help_heading = WHICH)]
    pub(crate) from: Option<When>,
    /// Latest start of a fragment
    #[arg(long, value_name = "T", help_heading = WHICH)]
    pub(crate) to: Option<When>,
}

/// Which fragments are taken that the service leaves out.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Reach {
    /// Also take the fragment that starts before --from and reaches over it; the service leaves it out
    #[arg(long, help_heading = WHICH)]
    pub(crate) include_overlap: bool,
    /// Also take fragments that are cut off, as far as they go
    #[arg(long, help_heading = WHICH)]
    pub(crate) include_cut: bool,
}

/// How fragments become one file.
#[derive(Debug, ClapArgs)]
pub(crate) struct Joining {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Close time that no fragment covers, or keep it
    #[arg(long, value_enum, default_value_t, help_heading = JOINED)]
    pub(crate) gaps: GapsArg,
    /// Refuse where tracks or private data change, or go on in another file: OUT-2, OUT-3 ...
    #[arg(long, value_enum, default_value_t, help_heading = JOINED)]
    pub(crate) on_change: OnChangeArg,
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident => $target:ty { $($(#[$variant_doc:meta])* $variant:ident = $value:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, ValueEnum)]
        pub(crate) enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl From<$name> for $target {
            fn from(choice: $name) -> $target {
                match choice {
                    $($name::$variant => $value,)*
                }
            }
        }
    };
}

choices! { ByArg => TimestampType {
    /// When the producer made it
    #[default]
    Producer = TimestampType::Producer,
    /// When the service received it
    Server = TimestampType::Server,
} }

choices! { GapsArg => Gaps {
    /// The next fragment follows at once
    #[default]
    Compact = Gaps::Compact,
    /// Every frame keeps its wall-clock time
    Keep = Gaps::Keep,
} }

choices! { OnChangeArg => OnChange {
    /// Refuse, as the service does
    #[default]
    Error = OnChange::Error,
    /// One file for each stretch
    Split = OnChange::Split,
} }

choices! { PickArg => fragkit::Pick {
    /// The last one at or before it
    #[default]
    Exact = fragkit::Pick::Exact,
    /// The last key frame of its fragment at or before it, which is much faster
    Keyframe = fragkit::Pick::Keyframe,
} }

choices! { LayoutArg => fragkit::AudioLayout {
    /// Each track in a file of its own
    #[default]
    Separate = fragkit::AudioLayout::Separate,
    /// The first on the left, the second on the right
    Stereo = fragkit::AudioLayout::Stereo,
} }

choices! { G711Arg => fragkit::G711 {
    /// As it is, which most players read
    #[default]
    Keep = fragkit::G711::Keep,
    /// To PCM, which all do
    Decode = fragkit::G711::Decode,
} }

/// Where thumbnails go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StorageArg {
    /// Each in a file of its own
    Sequential,
    /// Only the newest
    Latest,
    /// Both
    Both,
}

/// How pictures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// JPEG
    Jpeg,
    /// PNG
    Png,
}

choices! { LimitsArg => ServiceLimits {
    /// None
    #[default]
    Unlimited = ServiceLimits::unlimited(),
    /// Today's: clips of 100 MB and 200 fragments, pictures every 200 ms in 5 minutes, 25 at once
    Current = ServiceLimits::current(),
    /// Those of 2022
    V2022 = ServiceLimits::v2022(),
} }

choices! { TagNamesArg => TagNames {
    /// As in GetMedia
    #[default]
    GetMedia = TagNames::GetMedia,
    /// As documented for GetMediaForFragmentList
    FragmentList = TagNames::FragmentList,
} }

choices! { ClusterSizeArg => ClusterSize {
    /// As the producer SDK writes them
    #[default]
    Unknown = ClusterSize::Unknown,
    /// As in an uploaded file
    Known = ClusterSize::Known,
} }

fn tag(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("not NAME=VALUE")?;
    if name.is_empty() || name.starts_with("AWS") {
        return Err("a name must not be empty or start with AWS".into());
    }
    Ok((name.into(), value.into()))
}

fn exception(text: &str) -> Result<fragkit::Inserted, String> {
    let parsed = text.split_once('=').and_then(|(behind, code)| Some((behind.parse().ok()?, code.parse().ok()?)));
    let (behind, code) = parsed.ok_or("not N=CODE, such as 3=4000")?;
    let mut exception = ServiceException { code: Some(code), message: String::new() };
    exception.message = exception.meaning().unwrap_or("an exception").into();
    Ok(fragkit::Inserted { behind, exception })
}
