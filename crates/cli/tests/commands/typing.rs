//! Runs command lines and captures their output.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cli::{Environment, run};
use jiff::Timestamp;
use probe::{RealTime, Time};
use store::memory::ManualClock;

use crate::terminal::Script;

/// Time at which the tests begin.
pub(crate) const START: &str = "2026-11-24T10:00:00Z";

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A shell: environment variables and a clock.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) clock: Arc<ManualClock>,
}

/// Exit code and output of a command.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.out)?;
        for line in self.err.lines() {
            writeln!(f, "! {line}")?;
        }
        write!(f, "exit {}", self.code)
    }
}

impl Shell {
    /// Returns a shell with this AWS endpoint and without this machine's files.
    pub(crate) fn at(endpoint: &str) -> Self {
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { variables, clock: Arc::new(ManualClock::at(time(START))) }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Runs `bitrelay` with these arguments, split at blanks.
    pub(crate) async fn types(&self, line: &str) -> Outcome {
        self.types_to(line, &mut Script::default()).await
    }

    /// Runs `bitrelay` with prepared answers.
    pub(crate) async fn types_to(&self, line: &str, script: &mut Script) -> Outcome {
        self.types_in(&RealTime, line, script).await
    }

    /// Runs `bitrelay` in a time in which waits end at once.
    pub(crate) async fn types_in(&self, time: &dyn Time, line: &str, script: &mut Script) -> Outcome {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let variable = |name: &str| self.variables.get(name).cloned();
        let args = std::iter::once("bitrelay").chain(line.split_whitespace()).map(Into::into);
        let mut environment = Environment {
            variable: &variable,
            clock: self.clock.clone(),
            time,
            terminal: script,
            out: &mut out,
            err: &mut err,
        };
        let code = Box::pin(run(args, &mut environment)).await;
        Outcome { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    }

    /// Runs a command that must succeed, and returns its JSON.
    pub(crate) async fn json(&self, line: &str) -> serde_json::Value {
        let outcome = self.types(&format!("{line} --format json")).await;
        assert_eq!(outcome.code, 0, "{outcome}");
        serde_json::from_str(&outcome.out).unwrap()
    }
}
