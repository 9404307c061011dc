//! `doctor`: everything that a link needs, one line each.

mod bitbucket_side;
mod budget;
mod our_side;
mod places;

use relay::LinkId;
use serde_json::{Value, json};

use crate::Error;
use crate::args::DoctorArgs;
use crate::output::Report;
use crate::session::Session;

/// How a check ended.
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
    level: Level,
    found: String,
    /// What to do about it; empty where nothing is to be done.
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

    pub(super) fn failed(name: &'static str, error: &Error) -> Self {
        Self::fail(name, error.to_string(), error.advice().unwrap_or_default())
    }

    fn line(&self) -> String {
        let advice =
            if self.advice.is_empty() { String::new() } else { format!("\n      -> {}", self.advice) };
        format!("{:4}  {:10}  {}{advice}", self.level.as_str(), self.name, self.found)
    }

    fn json(&self) -> Value {
        json!({ "check": self.name, "level": self.level.as_str(), "found": self.found, "advice": self.advice })
    }
}

/// Runs all checks. One that fails hides none of the others, except those that could only repeat it.
pub(crate) async fn doctor(session: &mut Session<'_, '_>, args: &DoctorArgs) -> Result<(), Error> {
    let link = session.link()?;
    let checks = checks(session, &link, args).await;
    let report = Report {
        text: checks.iter().map(Check::line).collect::<Vec<_>>().join("\n"),
        json: checks.iter().map(Check::json).collect(),
    };
    session.show(&report);
    match checks.iter().filter(|check| check.level == Level::Fail).count() {
        0 => Ok(()),
        failed => Err(Error::Unsound(format!("{failed} of {} checks failed", checks.len()))),
    }
}

async fn checks(session: &mut Session<'_, '_>, link: &LinkId, args: &DoctorArgs) -> Vec<Check> {
    let stack = our_side::stack(session, link).await;
    let reachable = stack.level != Level::Fail;
    let mut checks = vec![stack];
    if !reachable {
        return checks;
    }
    let found = our_side::link(session, link).await;
    let usable = found.level != Level::Fail;
    checks.push(found);
    if usable {
        checks.extend(bitbucket_side::checks(session, link).await);
        if !args.no_delivery {
            checks.extend(our_side::delivery(session, link).await);
        }
    }
    checks.extend(places::check(session, link).await);
    checks.push(our_side::poller(session, link).await);
    checks.push(budget::check(session, link).await);
    checks
}
