//! Destinations of lines.

use std::fmt;
use std::io::{Write, stdout};
use std::sync::{Mutex, PoisonError};

/// Destination of lines.
pub trait Sink: fmt::Debug + Send + Sync {
    /// Writes one line, which includes its newline.
    fn write(&self, line: &str);
}

/// The log of the function.
#[derive(Debug, Clone, Copy)]
pub struct Stdout;

impl Sink for Stdout {
    /// Writes the line at once, because interleaved lines are invalid JSON. A line that cannot be written is lost: a
    /// function must not fail because of its metrics.
    fn write(&self, line: &str) {
        let _ = stdout().lock().write_all(line.as_bytes());
    }
}

/// Keeps lines for tests.
impl Sink for Mutex<Vec<String>> {
    fn write(&self, line: &str) {
        self.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    }
}
