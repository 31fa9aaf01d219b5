//! What is left under the name of an output: the whole of it, or what was there before.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::{Call, Done, Folder, fragkit};
use crate::streams::{documents, tag_values, testdata, testdata_bytes};

const STREAM: &str = "h264-main-aac.chunks.mkv";
const PLAIN: &str = "h264-main-aac.mkv";

/// Each way to write a file, from a file and from a pipe. `-o` comes last.
fn writers() -> Vec<(&'static str, Call)> {
    let number = tag_values(&testdata_bytes(STREAM), "FRAGMENT_NUMBER").remove(1);
    let media = |call: Call| call.arg("--fragment").arg(&number).arg("-o");
    vec![
        ("clip", fragkit("clip").arg(testdata(STREAM)).arg("-o")),
        ("clip from a pipe", fragkit("clip - -o").stdin(testdata_bytes(STREAM))),
        ("clip of a range from a pipe", fragkit("clip - --from +1s -o").stdin(testdata_bytes(STREAM))),
        ("media", media(fragkit("media").arg(testdata(STREAM)))),
        ("media from a pipe", media(fragkit("media -").stdin(testdata_bytes(STREAM)))),
        ("merge", fragkit("merge").arg(testdata(STREAM)).arg("-o")),
        ("merge from a pipe", fragkit("merge - -o").stdin(testdata_bytes(STREAM))),
        ("chunks", fragkit("chunks").arg(testdata(PLAIN)).arg("-o")),
        ("chunks from a pipe", fragkit("chunks - -o").stdin(testdata_bytes(PLAIN))),
    ]
}

#[test]
fn an_existing_file_is_replaced_by_the_whole_new_one() {
    for (what, call) in writers() {
        let folder = Folder::new();
        let out = folder.put("out", vec![7; 300_000]);
        call.arg(&out).done().quiet();
        let written = folder.read("out");
        assert!(written.len() > 5000 && !written.ends_with(&[7; 8]), "{what}");
        assert_eq!(folder.names(), ["out"], "{what}");
    }
}

#[test]
fn a_run_that_fails_leaves_the_old_file_as_it_was() {
    let broken = testdata_bytes("h264-annexb.chunks.mkv");
    let changing = [testdata_bytes(STREAM), testdata_bytes("h265-bframes-aac.chunks.mkv")].concat();
    let folder = Folder::new();
    let out = folder.put("out", "the old one");
    let input = folder.put("in.mkv", &changing);
    let annex_b = testdata("h264-annexb.chunks.mkv");
    for (call, code) in [
        (fragkit("clip --strict").arg(annex_b), 1),
        (fragkit("clip --strict -").stdin(broken), 1),
        (fragkit("clip").arg(&input), 1),
        (fragkit("clip -").stdin(&*changing), 1),
        (fragkit("clip - --from +1h").stdin(testdata_bytes(STREAM)), 1),
        (fragkit("media").arg(testdata(STREAM)).words("--fragment 5"), 1),
        (fragkit("merge").arg(&input), 1),
        (fragkit("merge - --from +1h").stdin(testdata_bytes(STREAM)), 1),
        (fragkit("chunks").arg(testdata(STREAM)), 1),
        (fragkit("chunks -").stdin(&b"no media"[..]), 1),
        (fragkit("chunks").arg(testdata("zlib.mkv")), 1),
    ] {
        call.arg("-o").arg(&out).done().refused(code);
        assert_eq!(folder.read("out"), b"the old one");
        assert_eq!(folder.names(), ["in.mkv", "out"]);
    }
}

#[cfg(unix)]
#[test]
fn a_new_file_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let ordinary = fs::metadata(folder.put("ordinary", "")).unwrap().permissions().mode();
    for (what, call) in writers() {
        let out = folder.join("out");
        call.arg(&out).done().quiet();
        assert_eq!(fs::metadata(out).unwrap().permissions().mode(), ordinary, "{what}");
    }
}

#[test]
fn a_name_as_long_as_the_system_takes_can_be_written() {
    let folder = Folder::new();
    let name = format!("{}.mp4", "n".repeat(251));
    for (what, call) in writers() {
        call.arg(folder.join(&name)).done().quiet();
        assert_eq!(folder.names(), [&*name], "{what}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = Folder::new();
    for (what, call) in writers() {
        let line = call.arg(folder.join("none/out")).done().refused(3);
        assert!(line.contains("out: cannot write") && line.contains("check the path"), "{what}: {line}");
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_folder_is_no_output() {
    let folder = Folder::new();
    for (what, call) in writers() {
        let line = call.arg(folder.path()).done().refused(2);
        assert!(line.contains("the output is a folder"), "{what}: {line}");
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    for place in ["/proc/out.mp4", "/sys/out.mp4"] {
        for (what, call) in writers() {
            let line = call.arg(place).done().refused(3);
            assert!(line.starts_with(&format!("fragkit: {place}: cannot write")), "{what}: {line}");
        }
    }
}

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

#[test]
fn an_output_that_is_also_an_input_is_refused() {
    let folder = Folder::new();
    let stream = folder.put("in.mkv", testdata_bytes(STREAM));
    let other = testdata(STREAM);
    fs::create_dir(folder.join("sub")).unwrap();
    let roundabout = folder.join("sub/../in.mkv");
    let number = tag_values(&testdata_bytes(STREAM), "FRAGMENT_NUMBER").remove(0);
    let refuse = |call: Call, output: &Path| {
        let line = call.arg("-o").arg(output).done().refused(2);
        assert!(line.contains("the output is also an input") && line.contains("another name"), "{line}");
        assert!(folder.read("in.mkv") == testdata_bytes(STREAM));
    };
    refuse(fragkit("clip").arg(&stream), &stream);
    refuse(fragkit("clip").arg(&other).arg(&stream), &stream);
    refuse(fragkit("clip").arg(&roundabout), &stream);
    refuse(fragkit("clip").arg(&stream), &roundabout);
    refuse(fragkit("clip").arg("in.mkv").current_dir(folder.path()), &stream);
    refuse(fragkit("media").arg(&stream).arg("--fragment").arg(&number), &stream);
    refuse(fragkit("clip").arg(folder.path()), &stream);
    refuse(fragkit("merge").arg(&stream), &stream);
    let plain = folder.put("plain.mkv", testdata_bytes(PLAIN));
    refuse(fragkit("chunks").arg(&plain), &plain);
    assert!(folder.read("plain.mkv") == testdata_bytes(PLAIN));
    assert_eq!(folder.names(), ["in.mkv", "plain.mkv", "sub"]);
}

#[cfg(unix)]
#[test]
fn an_output_that_is_an_input_by_way_of_a_link_is_refused() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let stream = elsewhere.put("stream.mkv", testdata_bytes(STREAM));
    let link = folder.join("link.mkv");
    std::os::unix::fs::symlink(&stream, &link).unwrap();
    for (input, output) in [(&*link, &*stream), (&*stream, &*link), (folder.path(), &*stream), (&*link, &*link)] {
        let line = fragkit("clip").arg(input).arg("-o").arg(output).done().refused(2);
        assert!(line.contains("the output is also an input"), "{line}");
    }
    assert!(elsewhere.read("stream.mkv") == testdata_bytes(STREAM));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_clip_beside_its_inputs_in_their_folder_can_be_made_again() {
    let folder = Folder::new();
    folder.put("in.mkv", testdata_bytes(STREAM));
    for _ in 0..2 {
        fragkit("clip").arg(folder.path()).arg("-o").arg(folder.join("clip.mp4")).done().quiet();
    }
    assert_eq!(folder.names(), ["clip.mp4", "in.mkv"]);
}

#[test]
fn a_reader_that_goes_away_is_success_without_noise() {
    let number = tag_values(&testdata_bytes(STREAM), "FRAGMENT_NUMBER").remove(1);
    for (words, input) in [
        ("list -", STREAM),
        ("list - --json", STREAM),
        ("inspect -", STREAM),
        ("inspect - --json", STREAM),
        ("clip - -o -", STREAM),
        ("merge - -o -", STREAM),
        (&*format!("media - -o - --fragment {number}"), STREAM),
        ("chunks - -o -", PLAIN),
    ] {
        let mut child = fragkit(words).spawn();
        // It has written nothing yet, as it has read nothing.
        drop(child.stdout.take());
        child.stdin.take().unwrap().write_all(&testdata_bytes(input)).unwrap();
        let done = Done::of(child.wait_with_output().unwrap());
        assert_eq!((done.code, &*done.stderr), (Some(0), ""), "{words}");
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

#[cfg(unix)]
#[test]
fn a_fifo_as_output_is_written_to_as_it_is() {
    let folder = Folder::new();
    let fifo = folder.join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for (what, call) in writers() {
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || fs::read(fifo).unwrap()
        });
        call.arg(&fifo).done().quiet();
        let through = reader.join().unwrap();
        assert!(through.len() > 5000, "{what}");
        if what == "clip from a pipe" {
            assert!(fragkit::mp4::check::check(&through).unwrap().moov_first);
        }
    }
    assert_eq!(folder.names(), ["fifo"]);
}
