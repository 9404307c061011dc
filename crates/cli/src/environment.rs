//! Everything around a command that a test sets.

use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use store::Clock;

use crate::terminal::Terminal;

/// What a command is run in.
pub struct Environment<'a> {
    /// Environment variables.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who is asked.
    pub terminal: &'a mut dyn Terminal,
    /// Where results go.
    pub out: &'a mut dyn Write,
    /// Where errors and warnings go.
    pub err: &'a mut dyn Write,
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

impl Environment<'_> {
    /// Writes a line of the result. Whoever has closed the output wants no more of it.
    pub(crate) fn println(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
        let _ = self.out.flush();
    }

    /// Writes a line for the person.
    pub(crate) fn eprintln(&mut self, text: &str) {
        let _ = writeln!(self.err, "{text}");
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The clock as the stores want one: owned.
#[derive(Clone)]
pub(crate) struct SharedClock(pub(crate) Arc<dyn Clock>);

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
