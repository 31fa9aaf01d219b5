//! What goes wrong around the program: a disk that is full, a reader that goes away, an input that fails half-way, a kill. Never
//! is there part of a file under the name of an output, and never does the program say that it succeeded.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::outputs::{PLAIN, STREAM, writers};
use crate::process::{Done, Folder, fragkit};
use crate::streams::{documents, tag_values, testdata, testdata_bytes};

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_with_the_name_of_the_output() {
    for (what, call) in writers() {
        let line = call.arg("/dev/full").done().refused(3);
        assert!(line.starts_with("fragkit: /dev/full: cannot write: No space left"), "{what}: {line}");
        assert!(line.contains("free some space"), "{what}: {line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_told() {
    let number = tag_values(&testdata_bytes(STREAM), "FRAGMENT_NUMBER").remove(1);
    for (words, input) in [
        ("list", STREAM),
        ("list --json", STREAM),
        ("inspect", STREAM),
        ("inspect --json", STREAM),
        ("report", STREAM),
        ("report --json", STREAM),
        ("report --html -", STREAM),
        ("clip -o -", STREAM),
        ("merge -o -", STREAM),
        (&*format!("media -o - --fragment {number} --"), STREAM),
        ("chunks -o -", PLAIN),
    ] {
        let line = fragkit(words).arg(testdata(input)).stdout_to("/dev/full").done().refused(3);
        assert!(line.starts_with("fragkit: cannot write to standard output: No space left"), "{words}: {line}");
    }
}

/// A disk of 64 KiB in a namespace of its own, where the system lets us have one.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_keeps_the_old_file_and_nothing_else() {
    let stream = testdata(STREAM);
    let in_namespace = |script: &str| {
        let folder = Folder::new();
        let mut command = std::process::Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c"]).arg(format!(
            "mount -t tmpfs -o size=64k none \"$1\" && cd \"$1\" && echo old > out || exit 99; {script}; \
             code=$?; ls -A; cat out; exit $code"
        ));
        command.arg("sh").arg(folder.path()).arg(env!("CARGO_BIN_EXE_fragkit"));
        command.args([&stream, &testdata(PLAIN)]).output().map(Done::of)
    };
    if !in_namespace("true").is_ok_and(|done| done.code == Some(0)) {
        println!("skipped: no file system can be mounted here");
        return;
    }
    for script in [
        r#""$2" clip "$3" -o out"#,
        r#"cat "$3" | "$2" clip - -o out"#,
        r#""$2" merge "$3" -o out"#,
        r#""$2" chunks "$4" -o out"#,
        r#"cat "$4" | "$2" chunks - -o out"#,
    ] {
        let done = in_namespace(script).unwrap();
        let line = done.refused(3);
        assert!(line.contains("out: cannot write") && line.contains("free some space"), "{script}: {line}");
        assert_eq!(done.text(), "out\nold\n", "{script}");
    }
}

/// Ways to write the output to standard output while the input comes from there, and whether that is text, of which readers may
/// have seen enough.
fn to_standard_output() -> Vec<(String, &'static str, bool)> {
    let number = tag_values(&testdata_bytes(STREAM), "FRAGMENT_NUMBER").remove(1);
    [
        ("list -", STREAM, true),
        ("list - --json", STREAM, true),
        ("inspect -", STREAM, true),
        ("inspect - --json", STREAM, true),
        ("report -", STREAM, true),
        ("report - --json", STREAM, true),
        ("report - --html -", STREAM, false),
        ("images - --every 1s --json", STREAM, true),
        ("clip - -o -", STREAM, false),
        ("merge - -o -", STREAM, false),
        (&*format!("media - -o - --fragment {number}"), STREAM, false),
        ("chunks - -o -", PLAIN, false),
    ]
    .map(|(words, input, text)| (words.to_string(), input, text))
    .to_vec()
}

#[test]
fn a_reader_that_goes_away_may_have_seen_enough_of_a_text_but_not_of_a_file() {
    for (words, input, text) in to_standard_output() {
        let mut child = fragkit(&words).spawn();
        // It has written nothing yet, as it has read nothing.
        drop(child.stdout.take());
        child.stdin.take().unwrap().write_all(&testdata_bytes(input)).unwrap();
        let done = Done::of(child.wait_with_output().unwrap());
        if text {
            assert_eq!((done.code, &*done.stderr), (Some(0), ""), "{words}");
        } else {
            let line = done.refused(3);
            assert!(line.contains("cannot write to standard output: Broken pipe"), "{words}: {line}");
        }
    }
}

#[test]
fn a_standard_error_that_nobody_reads_changes_nothing() {
    let mut child = fragkit("list -").spawn();
    drop(child.stderr.take());
    child.stdin.take().unwrap().write_all(&testdata_bytes("exceptions.chunks.mkv")).unwrap();
    assert_eq!(Done::of(child.wait_with_output().unwrap()).ok().rows().len(), 6);
    #[cfg(target_os = "linux")]
    {
        let done = fragkit("list").arg(testdata("exceptions.chunks.mkv")).stderr_to("/dev/full").done();
        assert_eq!((done.code, done.rows().len()), (Some(0), 6));
        assert_eq!(fragkit("list no-such-file").stderr_to("/dev/full").done().code, Some(3));
        assert_eq!(fragkit("list --no-such-flag").stderr_to("/dev/full").done().code, Some(2));
    }
}

/// An input that gives so many bytes and then fails, as a connection does that is reset.
#[cfg(target_os = "linux")]
fn failing(bytes: &[u8]) -> std::os::fd::OwnedFd {
    use std::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let input = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    // Whoever closes a connection with bytes that he has not read resets it.
    (&input).write_all(b"not read").unwrap();
    let mut seen = [0];
    peer.peek(&mut seen).unwrap();
    let bytes = bytes.to_vec();
    std::thread::spawn(move || {
        peer.write_all(&bytes).unwrap();
        // Time for the program to take what there is.
        std::thread::sleep(Duration::from_millis(300));
    });
    input.into()
}

#[cfg(target_os = "linux")]
#[test]
fn an_input_that_fails_half_way_leaves_no_file_and_no_success() {
    let number = tag_values(&testdata_bytes(STREAM), "FRAGMENT_NUMBER").remove(1);
    for (words, input) in [
        ("list -", STREAM),
        ("list - --json", STREAM),
        ("inspect -", STREAM),
        ("images - --every 1s --json", STREAM),
        ("images - --every 1s --out pictures", STREAM),
        ("images - --every 1s --sheet sheet.png", STREAM),
        ("clip - -o out", STREAM),
        ("clip - --from +1s -o out", STREAM),
        ("clip - -o -", STREAM),
        ("merge - -o out", STREAM),
        (&*format!("media - -o out --fragment {number}"), STREAM),
        ("chunks - -o out", PLAIN),
    ] {
        let bytes = testdata_bytes(input);
        for len in [0, 1000, bytes.len() * 2 / 3, bytes.len()] {
            let folder = Folder::new();
            let done = fragkit(words).current_dir(folder.path()).stdin_from(failing(&bytes[..len])).done();
            assert_eq!(done.code, Some(3), "{words}, {len} bytes: {}", done.stderr);
            assert!(done.stderr.contains("Connection reset"), "{words}, {len} bytes: {}", done.stderr);
            let whole = |name: &String| name == "pictures";
            assert!(folder.names().iter().all(whole), "{words}, {len} bytes: {:?}", folder.names());
        }
    }
}

/// A file is mapped: what is gone of it by the time it is written cannot be had any more.
#[cfg(target_os = "linux")]
#[test]
fn an_input_that_is_cut_while_it_is_copied_is_no_success() {
    let folder = Folder::new();
    let input = folder.put("in.mkv", testdata_bytes(STREAM).repeat(40));
    let fifo = folder.join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let child = fragkit("merge").arg(&input).arg("-o").arg(&fifo).spawn();
    let mut reader = fs::File::open(&fifo).unwrap();
    // It has planned and begun to write, and waits for us.
    let mut some = [0; 1000];
    std::io::Read::read_exact(&mut reader, &mut some).unwrap();
    fs::File::options().write(true).open(&input).unwrap().set_len(1000).unwrap();
    std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    let done = Done::of(child.wait_with_output().unwrap());
    assert_ne!(done.code, Some(0));
    if done.code.is_some() {
        let line = done.refused(3);
        assert!(line.contains("cannot write") && line.contains("input"), "{line}");
    }
}

#[cfg(unix)]
#[test]
fn killed_in_the_middle_of_writing_it_leaves_what_was_there() {
    let stream = testdata_bytes(STREAM);
    let documents = documents(&stream);
    for old in [None, Some("the old one")] {
        let folder = Folder::new();
        let out = folder.join("out");
        if let Some(old) = old {
            folder.put("out", old);
        }
        let mut child = fragkit("clip - -o").arg(&out).spawn();
        let mut stdin = child.stdin.take().unwrap();
        // Far more than any buffer holds, and no end of it.
        let part = &stream[..documents[3].start];
        for _ in 0..40 {
            stdin.write_all(part).unwrap();
        }
        let patience = Instant::now() + Duration::from_secs(60);
        let written = || {
            let sizes = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
            sizes.sum::<u64>()
        };
        while written() < 100_000 {
            assert!(Instant::now() < patience, "nothing is written: {:?}", folder.names());
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "it ended by the signal");
        match old {
            None => assert!(!out.exists()),
            Some(old) => assert_eq!(folder.read("out"), old.as_bytes()),
        }
    }
}

/// Whenever the kill comes: the output is not there, or what was there before, or whole.
#[cfg(unix)]
#[test]
fn killed_at_any_time_it_leaves_nothing_partial() {
    let folder = Folder::new();
    let stream = folder.put("in.mkv", testdata_bytes(STREAM).repeat(60));
    let plain = folder.put("plain.mkv", testdata_bytes(PLAIN).repeat(60));
    let writers = [("clip --on-change split", &stream), ("merge", &stream), ("chunks", &plain)];
    for (words, input) in writers {
        let call = || fragkit(words).arg(input).arg("-o").arg(folder.join("out"));
        call().done();
        let expected = fs::read(folder.join("out")).ok();
        for micros in (0..40).map(|step| step * 700) {
            folder.put("out", "the old one");
            let mut child = call().spawn();
            std::thread::sleep(Duration::from_micros(micros));
            child.kill().unwrap();
            let code = child.wait().unwrap().code();
            let out = folder.read("out");
            let is_whole = expected.as_ref() == Some(&out);
            assert!(is_whole || out == b"the old one", "{words}, killed after {micros} us: {} bytes", out.len());
            assert!(code != Some(0) || is_whole, "{words}, killed after {micros} us");
        }
    }
}
