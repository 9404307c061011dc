//! Where lines go.

use std::fmt;
use std::io::{Write, stdout};
use std::sync::{Mutex, PoisonError};

/// Takes lines.
pub trait Sink: fmt::Debug + Send + Sync {
    /// Takes one line; its newline is part of it.
    fn take(&self, line: &str);
}

/// The function's log.
#[derive(Debug, Clone, Copy)]
pub struct Stdout;

impl Sink for Stdout {
    /// One write, because a line that another one breaks into is no JSON. A line that cannot be written is lost: a function
    /// must not fail for what is only said about it.
    fn take(&self, line: &str) {
        let _ = stdout().lock().write_all(line.as_bytes());
    }
}

/// Keeps them, for tests.
impl Sink for Mutex<Vec<String>> {
    fn take(&self, line: &str) {
        self.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    }
}
