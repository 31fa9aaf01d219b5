//! Where the bytes go: to a temporary name that becomes the final one when all is written.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, ErrorKind};
use crate::input::files;

/// A file that appears under its name only when it is whole. Dropped before [`Output::finish`], it leaves nothing behind.
///
/// A device or a FIFO is written to as it is.
#[derive(Debug)]
pub struct Output {
    file: Target,
    path: PathBuf,
}

#[derive(Debug)]
enum Target {
    Temporary(NamedTempFile),
    Device(File),
}

impl Output {
    /// Starts a file beside `path`.
    ///
    /// # Errors
    ///
    /// If there is no such folder or it cannot be written to, or if `path` is one of the `inputs`.
    pub fn create<P: AsRef<Path>>(path: &Path, inputs: &[P]) -> Result<Output, Error> {
        for input in inputs {
            if is_input(path, input.as_ref()) {
                let message = format!("{}: the output is also an input", path.display());
                return Err(Error::new(ErrorKind::Usage, message).hint("choose another name for the output"));
            }
        }
        let failed = |error: &io::Error| Error::io("cannot write", path, error);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let message = format!("{}: the output is a folder", path.display());
                return Err(Error::new(ErrorKind::Usage, message).hint("name a file in it"));
            }
            Ok(metadata) if !metadata.is_file() => {
                let file = File::options().write(true).open(path).map_err(|error| failed(&error))?;
                return Ok(Output { file: Target::Device(file), path: path.to_path_buf() });
            }
            _ => {}
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        // Not the name of the output with something added: that may be as long as a name can be.
        builder.prefix(".fragkit-").suffix(".part");
        // As any program's new file, and not for its owner alone as temporary files are.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(|error| failed(&error))?;
        Ok(Output { file: Target::Temporary(file), path: path.to_path_buf() })
    }

    /// The file that is being written.
    #[must_use]
    pub fn file(&self) -> &File {
        match &self.file {
            Target::Temporary(file) => file.as_file(),
            Target::Device(file) => file,
        }
    }

    /// Whether what was written can be gone back to.
    #[must_use]
    pub fn can_patch(&self) -> bool {
        matches!(self.file, Target::Temporary(_))
    }

    /// Writes `bytes` over what is at `offset`.
    ///
    /// # Errors
    ///
    /// If that fails.
    pub fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let mut file = self.file();
        let patched = file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(bytes));
        patched.map_err(|error| self.failed(&error))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    ///
    /// If that fails; the file is then removed.
    pub fn finish(self) -> Result<(), Error> {
        match self.file {
            Target::Temporary(file) => {
                file.persist(&self.path).map(drop).map_err(|error| Error::io("cannot write", &self.path, &error.error))
            }
            Target::Device(_) => Ok(()),
        }
    }

    /// What a failed write of this file is called.
    #[must_use]
    pub fn failed(&self, error: &io::Error) -> Error {
        Error::io("cannot write", &self.path, error)
    }
}

/// Whether an output is the input, or one of the files that are read if that is a folder.
fn is_input(output: &Path, input: &Path) -> bool {
    let Ok(output) = fs::canonicalize(output) else { return false };
    let is_output = |path: &Path| fs::canonicalize(path).is_ok_and(|path| path == output);
    is_output(input) || (input.is_dir() && files(input).is_ok_and(|files| files.iter().any(|file| is_output(file))))
}
