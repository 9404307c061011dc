//! The environment of a command, which tests replace.

use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use probe::Time;
use store::Clock;

use crate::output::printable;
use crate::terminal::Terminal;

/// Environment of a command.
pub struct Environment<'a> {
    /// Environment variables.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The time of measurements, which wait.
    pub time: &'a dyn Time,
    /// The terminal that answers questions.
    pub terminal: &'a mut dyn Terminal,
    /// Receives results.
    pub out: &'a mut dyn Write,
    /// Receives errors and warnings.
    pub err: &'a mut dyn Write,
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

impl Environment<'_> {
    /// Writes a line of the result, without characters that control a terminal. Ignores a closed output.
    pub(crate) fn println(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}", printable(text));
        let _ = self.out.flush();
    }

    /// Writes an error or a warning in the same way.
    pub(crate) fn eprintln(&mut self, text: &str) {
        let _ = writeln!(self.err, "{}", printable(text));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// An owned clock, which the stores need.
#[derive(Clone)]
pub(crate) struct SharedClock(pub(crate) Arc<dyn Clock>);

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
