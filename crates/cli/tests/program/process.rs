//! Runs the program, and says what is asked of how it ended.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

/// A call of a program, most often of this one.
pub(crate) struct Call {
    command: Command,
    input: Option<Vec<u8>>,
    from_elsewhere: bool,
}

/// The program with these words, which are split at spaces.
pub(crate) fn fragkit(words: &str) -> Call {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fragkit"));
    command.args(words.split_whitespace());
    Call { command, input: None, from_elsewhere: false }
}

/// Another program.
pub(crate) fn program(name: &str) -> Call {
    Call { command: Command::new(name), input: None, from_elsewhere: false }
}

impl Call {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Call {
        self.command.arg(arg);
        self
    }

    pub(crate) fn words(mut self, words: &str) -> Call {
        self.command.args(words.split_whitespace());
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Call {
        self.input = Some(bytes.into());
        self
    }

    /// Standard input is this file or connection.
    #[cfg(unix)]
    pub(crate) fn stdin_from(mut self, input: std::os::fd::OwnedFd) -> Call {
        self.command.stdin(input);
        self.from_elsewhere = true;
        self
    }

    pub(crate) fn current_dir(mut self, folder: &Path) -> Call {
        self.command.current_dir(folder);
        self
    }

    /// Standard output goes to a file or a device.
    pub(crate) fn stdout_to(mut self, path: &str) -> Call {
        self.command.stdout(fs::File::options().write(true).open(path).unwrap());
        self
    }

    /// Standard error goes to a file or a device.
    pub(crate) fn stderr_to(mut self, path: &str) -> Call {
        self.command.stderr(fs::File::options().write(true).open(path).unwrap());
        self
    }

    /// Runs it to its end.
    pub(crate) fn done(mut self) -> Done {
        match self.input.take() {
            None => {
                if !self.from_elsewhere {
                    self.command.stdin(Stdio::null());
                }
                Done::of(self.command.output().unwrap())
            }
            Some(bytes) => {
                self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                let mut child = self.command.spawn().unwrap();
                let mut stdin = child.stdin.take().unwrap();
                let feeder = thread::spawn(move || match stdin.write_all(&bytes) {
                    Err(error) if error.kind() != io::ErrorKind::BrokenPipe => panic!("{error}"),
                    _ => {}
                });
                let done = Done::of(child.wait_with_output().unwrap());
                feeder.join().unwrap();
                done
            }
        }
    }

    /// Starts it with pipes to all three streams, for the test to do with as it likes.
    pub(crate) fn spawn(mut self) -> Child {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// How a call ended.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn of(output: Output) -> Done {
        let stderr = String::from_utf8(output.stderr).expect("standard error is UTF-8");
        Done { code: output.status.code(), stdout: output.stdout, stderr }
    }

    /// It succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Done {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert_eq!(self.errors(), [""; 0], "success without an error");
        self
    }

    /// It succeeded and had nothing to say.
    #[track_caller]
    pub(crate) fn quiet(self) -> Done {
        let done = self.ok();
        assert_eq!(done.stderr, "");
        done
    }

    /// It ended with this exit code, printed nothing, and gave one line that says what to do, which is returned.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        let errors = self.errors();
        assert_eq!(errors.len(), 1, "one line and not: {}", self.stderr);
        let line = errors[0];
        assert!(line.starts_with("fragkit: ") && line.ends_with(')'), "a chain with a hint at its end: {line}");
        assert!(!line.contains("os error"), "{line}");
        line.into()
    }

    /// Lines on standard error that are not findings.
    pub(crate) fn errors(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| !is_finding(line)).collect()
    }

    /// Findings on standard error.
    pub(crate) fn findings(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| is_finding(line)).collect()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("standard output is UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).expect("standard output is JSON")
    }

    /// The table that `list` prints.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut lines = self.text().lines();
        assert!(lines.next().is_some_and(|line| line.starts_with("FRAGMENT NUMBER")), "{}", self.text());
        lines.map(Row::parse).collect()
    }

    pub(crate) fn numbers(&self) -> Vec<String> {
        self.rows().into_iter().map(|row| row.number).collect()
    }
}

fn is_finding(line: &str) -> bool {
    ["fragkit: error: ", "fragkit: warning: ", "fragkit: note: "].iter().any(|start| line.starts_with(start))
}

/// A line of `list`, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) number: String,
    pub(crate) producer: String,
    pub(crate) server: String,
    pub(crate) length_ms: String,
    pub(crate) size: usize,
    pub(crate) frames: usize,
}

impl Row {
    fn parse(line: &str) -> Row {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [number, producer, server, length_ms, size, frames] = fields[..] else { panic!("six columns: {line}") };
        Row {
            number: number.into(),
            producer: producer.into(),
            server: server.into(),
            length_ms: length_ms.into(),
            size: size.parse().unwrap(),
            frames: frames.parse().unwrap(),
        }
    }
}

/// A folder that is gone when the test ends.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file into it.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.join(name)).unwrap()
    }

    /// The names of all that is in it, hidden files too, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}
