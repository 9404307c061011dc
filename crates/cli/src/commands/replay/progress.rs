//! The progress of a replay, in a file: what `replay --resume` continues.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use relay::Replay;
use serde::{Deserialize, Serialize};
use store::reading::Cursor;

use super::selection::Selection;
use crate::Error;

/// A replay and how far it has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) replay: Replay,
    pub(super) bus: String,
    pub(super) selection: Selection,
    /// Number of events at its start.
    pub(super) total: u64,
    /// Number of events that the bus has.
    pub(super) published: u64,
    /// Number of events that the bus refused for good, or that are not in the log any more.
    pub(super) left_out: u64,
    /// The last events that are done with.
    pub(super) cursor: Cursor,
}

impl Progress {
    /// Number of events that are done with.
    pub(super) const fn done(&self) -> u64 {
        self.published + self.left_out
    }
}

/// The file with the progress of the replay of one table.
#[derive(Debug)]
pub(super) struct ProgressFile(PathBuf);

impl ProgressFile {
    /// Uses `$XDG_STATE_HOME/bitrelay`; without that variable, `~/.local/state/bitrelay`
    /// (<https://specifications.freedesktop.org/basedir-spec/latest/>). `None` if neither is set.
    pub(super) fn of_table(variable: &dyn Fn(&str) -> Option<String>, table: &str) -> Option<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let base = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        let name: String = table.chars().map(safe).collect();
        Some(Self(base.join("bitrelay").join(format!("replay-{name}.json"))))
    }

    /// Reads the progress of a replay that was stopped; `None` if there is none.
    pub(super) fn read(&self) -> Result<Option<Progress>, Error> {
        match std::fs::read(&self.0) {
            Ok(text) => {
                let read = serde_json::from_slice(&text).map_err(|error| self.failed(&error))?;
                Ok(Some(read))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Keeps the progress. The file is replaced as a whole, so that it is always readable.
    pub(super) fn write(&self, progress: &Progress) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(progress).map_err(|error| self.failed(&error))?;
        let new = self.0.with_extension("new");
        let folder = self.0.parent().unwrap_or(Path::new("."));
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&new, text))
            .and_then(|()| std::fs::rename(&new, &self.0));
        written.map_err(|error| self.failed(&error))
    }

    /// Forgets the replay.
    pub(super) fn delete(&self) -> Result<(), Error> {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, reason: &dyn std::fmt::Display) -> Error {
        Error::ProgressFile { path: self.0.display().to_string(), reason: reason.to_string() }
    }
}
