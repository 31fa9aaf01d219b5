//! What is left under the name of an output: the whole of it, or what was there before.

use std::fs;
use std::path::Path;

use crate::process::{Call, Folder, fragkit};
use crate::streams::{tag_values, testdata, testdata_bytes};

pub(crate) const STREAM: &str = "h264-main-aac.chunks.mkv";
pub(crate) const PLAIN: &str = "h264-main-aac.mkv";

/// Each way to write a file, from a file and from a pipe. `-o` comes last.
pub(crate) fn writers() -> Vec<(&'static str, Call)> {
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
