//! Programs by strangers, run on our files, and what they print.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::NamedTempFile;

/// Whether ffmpeg, ffprobe and mediainfo are there. Without them a test says so and passes, unless the environment variable
/// `FRAGKIT_REQUIRE_STRANGERS` is set.
pub(crate) fn available() -> bool {
    static MISSING: OnceLock<Option<&'static str>> = OnceLock::new();
    let missing = MISSING.get_or_init(|| {
        let runs = |program: &&str| Command::new(program).arg("-version").output().is_err();
        ["ffmpeg", "ffprobe", "mediainfo"].into_iter().find(runs)
    });
    if let Some(program) = missing {
        assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "{program} is missing");
        println!("skipped: {program} is missing");
    }
    missing.is_none()
}

/// What `ffmpeg -v warning -xerror -i FILE -f null -` complains of: nothing, if the file is sound.
pub(crate) fn complaints(path: &Path) -> String {
    let output = run(Command::new("ffmpeg")
        .args(["-nostdin", "-v", "warning", "-xerror", "-i"])
        .arg(path)
        .args(["-f", "null", "-"]));
    let status = if output.status.success() { String::new() } else { output.status.to_string() };
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr) + &status
}

/// The digests of all decoded frames, stream by stream in the order they are presented. Sound is cut into frames of 1024
/// samples, so that it does not matter how a container cuts it.
pub(crate) fn decoded(path: &Path, format: Option<&str>, streams: Streams) -> Vec<Vec<String>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    if let Some(format) = format {
        command.args(format.split(' '));
    }
    command.arg("-i").arg(path).args(["-map", "0:v?", "-map", "0:a?", "-fps_mode", "passthrough"]);
    if streams.has_audio {
        command.args(["-af", "asetnsamples=n=1024:p=0"]);
    }
    let output = run(command.args(["-f", "framemd5", "-"]));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    let mut decoded = vec![Vec::new(); streams.count];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split(',').map(str::trim).collect();
        let [stream, _dts, _pts, _duration, _size, payload] = columns.as_slice() else { panic!("{line}") };
        decoded[stream.parse::<usize>().unwrap()].push((*payload).to_string());
    }
    decoded
}

/// All samples of the first track of sound, as 16 bits little-endian.
pub(crate) fn samples(path: &Path) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    let output =
        run(command.args(["-nostdin", "-v", "error", "-i"]).arg(path).args(["-map", "0:a:0", "-f", "s16le", "-"]));
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What [`decoded`] is to expect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streams {
    pub(crate) count: usize,
    pub(crate) has_audio: bool,
}

/// What ffprobe tells of a file: its streams, its packets and its format.
pub(crate) fn ffprobe(path: &Path) -> Value {
    let output = run(Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_streams", "-show_packets", "-show_format"])
        .arg(path));
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What mediainfo tells of each track but the one called General.
pub(crate) fn mediainfo(path: &Path) -> Vec<Value> {
    let output = run(Command::new("mediainfo").args(["--Output=JSON", "--Language=raw"]).arg(path));
    let parsed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tracks = parsed["media"]["track"].as_array().unwrap();
    tracks.iter().filter(|track| track["@type"] != "General").cloned().collect()
}

/// A video of which each NAL unit is smaller than 256 bytes; `None` where ffmpeg is missing.
pub(crate) fn tiny() -> Option<NamedTempFile> {
    made(
        "-f lavfi -i testsrc=size=16x16:rate=25 -t 3 -c:v libx264 -g 25 -bf 2 -qp 45 -bsf:v filter_units=remove_types=6",
    )
}

/// The Matroska file that ffmpeg makes when called like this.
pub(crate) fn made(arguments: &str) -> Option<NamedTempFile> {
    if !available() {
        return None;
    }
    let file = NamedTempFile::with_suffix(".mkv").unwrap();
    let mut command = Command::new("ffmpeg");
    let output = run(command.args(["-nostdin", "-v", "error", "-y"]).args(arguments.split(' ')).arg(file.path()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(file)
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
