//! Results of checks.

use serde_json::{Value, json};

use crate::Error;

/// Result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Ok,
    Warn,
    Fail,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the result.
#[derive(Debug)]
pub(super) struct Check {
    name: &'static str,
    pub(super) level: Level,
    found: String,
    /// Next step for the user; empty if none is needed.
    advice: String,
}

impl Check {
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, level: Level::Ok, found: found.into(), advice: String::new() }
    }

    pub(super) fn warn(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, level: Level::Warn, found: found.into(), advice: advice.into() }
    }

    pub(super) fn fail(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, level: Level::Fail, found: found.into(), advice: advice.into() }
    }

    /// Returns the failure of a check that could not read its input.
    pub(super) fn failed(name: &'static str, error: &Error) -> Self {
        Self::fail(name, error.to_string(), error.advice().unwrap_or_default())
    }

    /// Returns the check for people, with the next step on its own line.
    pub(super) fn line(&self) -> String {
        let advice =
            if self.advice.is_empty() { String::new() } else { format!("\n      -> {}", self.advice) };
        format!("{:4}  {:10}  {}{advice}", self.level.as_str(), self.name, self.found)
    }

    pub(super) fn json(&self) -> Value {
        json!({ "check": self.name, "level": self.level.as_str(), "found": self.found, "advice": self.advice })
    }
}
