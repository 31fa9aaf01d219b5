//! Where the stream comes from makes no difference: a file, a folder, several files, standard input, a FIFO.

use std::ffi::OsStr;
use std::fs;

use crate::process::{Call, Folder, fragkit};
use crate::streams::{CAPTURES, capture, documents, testdata, testdata_bytes};

/// What the subcommands make of the inputs.
fn results(inputs: &dyn Fn(Call) -> Call) -> [Vec<u8>; 7] {
    ["list", "list --json", "inspect --json", "clip -o -", "merge -o -", "report", "report --json"]
        .map(|words| inputs(fragkit(words)).done().ok().stdout)
}

#[test]
fn a_file_and_standard_input_and_a_folder_give_the_same() {
    let streams = ["h264-main-aac", "fragment-list", "exceptions", "user-tags", "h265-annexb"];
    for name in streams.map(|name| format!("{name}.chunks.mkv")) {
        let bytes = testdata_bytes(&name);
        let expected = results(&|call| call.arg(testdata(&name)));
        assert!(expected[0].len() > 200 && expected[3].len() > 1000);
        assert!(results(&|call| call.arg("-").stdin(&*bytes)) == expected, "{name}");
        let folder = Folder::new();
        folder.put("stream.mkv", &bytes);
        assert!(results(&|call| call.arg(folder.path())) == expected, "{name}");
    }
}

#[test]
fn captures_give_the_same_from_a_file_and_from_standard_input() {
    for (name, _) in CAPTURES {
        let Some(path) = capture(name) else { continue };
        let bytes = fs::read(&path).unwrap();
        for words in ["list", "list --json", "inspect --json", "report --json"] {
            let from_file = fragkit(words).arg(&path).done().ok().stdout;
            assert!(fragkit(words).arg("-").stdin(&*bytes).done().ok().stdout == from_file, "{name} {words}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_fifo_is_read_once_from_start_to_end() {
    let folder = Folder::new();
    let fifo = folder.join("stream");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let bytes = testdata_bytes("h264-main-aac.chunks.mkv");
    let expected = results(&|call| call.arg("-").stdin(&*bytes));
    let given = results(&|call| {
        let (fifo, bytes) = (fifo.clone(), bytes.clone());
        std::thread::spawn(move || fs::write(fifo, bytes).unwrap());
        call.arg(folder.join("stream"))
    });
    assert!(given == expected);
}

#[test]
fn a_stream_cut_in_two_files_at_an_odd_byte_is_one_stream() {
    let folder = Folder::new();
    let bytes = testdata_bytes("h264-main-aac.chunks.mkv");
    let expected = results(&|call| call.arg(testdata("h264-main-aac.chunks.mkv")));
    // Within the first header, between chunks, within a frame of the third chunk, and behind the last byte but one.
    let documents = documents(&bytes);
    for cut in [3, documents[1].start, documents[2].start + 5001, bytes.len() - 1] {
        let (first, second) = bytes.split_at(cut);
        let (first, second) = (folder.put("b.mkv", first), folder.put("a.mkv", second));
        let given = results(&|call| call.arg(&first).arg(&second));
        assert!(given == expected, "cut at {cut}");
    }
}

#[test]
fn files_are_taken_in_the_order_given_and_those_of_a_folder_in_the_order_of_their_names() {
    let bytes = testdata_bytes("exceptions.chunks.mkv");
    let documents = documents(&bytes);
    let folder = Folder::new();
    fs::create_dir(folder.join("b")).unwrap();
    let (first, second) = bytes.split_at(documents[1].start + 7);
    let (second, third) = second.split_at(documents[4].start);
    let parts = [folder.put("a.mkv", first), folder.put("b/1.MKV", second), folder.put("c.bin", third)];
    folder.put("b/notes.txt", "not media");
    folder.put("aa.mp4", "not a stream");
    let inspect = |inputs: &[&OsStr]| {
        let call = inputs.iter().fold(fragkit("inspect --json"), |call, input| call.arg(input));
        call.done().ok().stdout
    };
    let expected = inspect(&[testdata("exceptions.chunks.mkv").as_os_str()]);
    assert!(inspect(&[folder.path().as_os_str()]) == expected);
    assert!(inspect(&parts.each_ref().map(|part| part.as_os_str())) == expected);
    // Whole chunks in another order are another stream: the offsets say so, the list is sorted by time all the same.
    let [start, end] = [&bytes[..documents[2].start], &bytes[documents[2].start..]];
    let (start, end) = (folder.put("start.mkv", start), folder.put("end.mkv", end));
    let list = |first, second| fragkit("list").arg(first).arg(second).done().ok();
    assert_eq!(list(&start, &end).stdout, list(&end, &start).stdout);
    assert!(inspect(&[end.as_os_str(), start.as_os_str()]) != expected);
}

#[test]
fn a_pipe_beside_other_inputs_is_refused() {
    let stream = testdata("aac-mono.chunks.mkv");
    let done = fragkit("list -").arg(&stream).stdin(testdata_bytes("aac-mono.chunks.mkv")).done();
    assert!(done.refused(2).contains("cat"));
}

#[test]
fn file_names_with_spaces_are_plain_names() {
    let folder = Folder::new();
    let input = folder.put("two words (1).mkv", testdata_bytes("h264-main-aac.chunks.mkv"));
    let output = folder.join(" clip of 'two' words .mp4");
    fragkit("clip").arg(&input).arg("-o").arg(&output).done().quiet();
    assert_eq!(folder.names(), [" clip of 'two' words .mp4", "two words (1).mkv"]);
    let missing = fragkit("list").arg(folder.join("no such file")).done();
    assert!(missing.refused(3).contains("no such file: cannot read"));
}

/// Linux takes any bytes for a name; other systems want UTF-8.
#[cfg(target_os = "linux")]
#[test]
fn file_names_need_not_be_utf_8() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = Folder::new();
    let name = |bytes: &[u8]| folder.join(OsStr::from_bytes(bytes));
    fs::write(name(b"caf\xE9.mkv"), testdata_bytes("h264-main-aac.chunks.mkv")).unwrap();
    fragkit("clip").arg(name(b"caf\xE9.mkv")).arg("-o").arg(name(b"\xFF\xFE.mp4")).done().quiet();
    assert!(fs::metadata(name(b"\xFF\xFE.mp4")).unwrap().len() > 1000);
    assert_eq!(fragkit("list").arg(name(b"caf\xE9.mkv")).done().quiet().rows().len(), 6);
    assert_eq!(fragkit("list").arg(folder.path()).done().quiet().rows().len(), 6);
    fragkit("list").arg(name(b"\xE9")).done().refused(3);
}

/// A line break in a name, and what a terminal takes for commands, must not get out.
#[cfg(unix)]
#[test]
fn control_characters_of_names_and_tags_are_not_printed() {
    let folder = Folder::new();
    let line = fragkit("list").arg(folder.join("two\nlines\u{1b}[31m")).done().refused(3);
    assert!(!line.contains('\u{1b}'), "{line:?}");
    let stream =
        fragkit("chunks -o -").arg(testdata("aac-mono.mkv")).arg("--tag").arg("a=b\nc\u{1b}[31m").done().quiet();
    let text = fragkit("inspect -").stdin(stream.stdout.clone()).done().quiet();
    assert!(text.text().contains("tag a=b") && !text.text().contains('\u{1b}'), "{:?}", text.text());
    assert!(!text.text().lines().any(|line| line.starts_with('c')));
    let json = fragkit("inspect --json -").stdin(stream.stdout).done().quiet().json();
    assert_eq!(json["chunks"][0]["tags"][0]["value"], "b\nc\u{1b}[31m");
}
