//! The streams that the tests read, and what their bytes say when looked at without the library.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use crate::process::fragkit;

/// Real streams: name, fragments, and the milliseconds that each lasts.
pub(crate) const CAPTURES: [(&str, &[u64]); 3] = [
    ("output_get_media", &[1967; 5]),
    ("kinesis_video_renderer_example_output", &[1921, 1922, 1921, 1922, 1922, 1921, 1922, 988]),
    ("test_mixed_tags", &[4500; 10]),
];

/// What `testdata/make.sh` gives as `--start`.
pub(crate) const START: &str = "1704067200.000";

/// A real stream, or `None` where the captures are not at hand.
pub(crate) fn capture(name: &str) -> Option<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures");
    let path = PathBuf::from(folder).join(format!("{name}.mkv"));
    if path.is_file() {
        return Some(path);
    }
    assert!(std::env::var_os("FRAGKIT_REQUIRE_CAPTURES").is_none(), "{} is missing", path.display());
    println!("skipped: {} is not there", path.display());
    None
}

/// A file of testdata.
pub(crate) fn testdata(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata")).join(name)
}

/// Its bytes.
pub(crate) fn testdata_bytes(name: &str) -> Vec<u8> {
    fs::read(testdata(name)).unwrap()
}

/// A chunk stream made of an ordinary file in testdata.
pub(crate) fn chunks_of(name: &str, options: &str) -> Vec<u8> {
    fragkit("chunks -o -").words(options).arg(testdata(name)).done().quiet().stdout
}

/// Where the documents of a chunk stream are, by the first four bytes of each.
pub(crate) fn documents(stream: &[u8]) -> Vec<Range<usize>> {
    let mut starts = positions(stream, b"\x1A\x45\xDF\xA3");
    starts.push(stream.len());
    starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Where these bytes occur.
pub(crate) fn positions(stream: &[u8], wanted: &[u8]) -> Vec<usize> {
    stream.windows(wanted.len()).enumerate().filter(|(_, window)| *window == wanted).map(|(at, _)| at).collect()
}

/// The values of all tags whose name ends this way: each TagName is followed by its TagString.
pub(crate) fn tag_values(stream: &[u8], name: &str) -> Vec<String> {
    let values = positions(stream, format!("AWS_KINESISVIDEO_{name}").as_bytes()).into_iter().map(|at| {
        let rest = &stream[at + "AWS_KINESISVIDEO_".len() + name.len()..];
        let rest = rest.strip_prefix(b"\x44\x87").expect("a TagString behind the TagName");
        let (size, width) = size_at(rest, 0);
        String::from_utf8(rest[width..width + size].to_vec()).unwrap()
    });
    values.collect()
}

/// The size of an element as it stands at an offset, and how many bytes it takes to say it.
pub(crate) fn size_at(stream: &[u8], at: usize) -> (usize, usize) {
    let width = usize::try_from(stream[at].leading_zeros()).unwrap() + 1;
    let first = usize::from(stream[at]) & (0x7F >> (width - 1));
    let size = stream[at + 1..at + width].iter().fold(first, |size, byte| size << 8 | usize::from(*byte));
    (size, width)
}

/// Replaces bytes by as many others, which must occur once.
pub(crate) fn replace_once(stream: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let at = positions(stream, old);
    assert_eq!(at.len(), 1, "{} occurs once", String::from_utf8_lossy(old));
    stream[at[0]..at[0] + new.len()].copy_from_slice(new);
}
