//! CloudWatch metrics as lines of the log, in the embedded metric format: CloudWatch Logs reads the figures out of them, so
//! that no function calls another service or needs another permission
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! A crate of its own and no part of `store`: the functions share it, and it has nothing to do with the table. It knows
//! neither what is measured nor AWS's clients; a line is a few dozen bytes around the figures, written by hand.
//!
//! Nothing secret can get into a line (G10): names are `'static`, figures are numbers, and what tells them apart are the
//! stack's name and a link's id.

mod error;
mod line;
mod sink;
mod stack;

use std::sync::Arc;

use jiff::Timestamp;
use relay::LinkId;

pub use error::Error;
pub use line::{Metric, NAMESPACE};
pub use sink::{Sink, Stdout};
pub use stack::Stack;

/// What a figure is about: its dimensions in CloudWatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of<'l> {
    /// The whole stack: dimension `stack`.
    Stack,
    /// One link of it: dimensions `stack` and `link`.
    Link(&'l LinkId),
}

/// Writes the metrics of one stack.
#[derive(Debug, Clone)]
pub struct Metrics {
    stack: Stack,
    sink: Arc<dyn Sink>,
}

impl Metrics {
    /// Metrics of `stack` that go to `sink`.
    pub const fn new(stack: Stack, sink: Arc<dyn Sink>) -> Self {
        Self { stack, sink }
    }

    /// Reads `BITRELAY_METRICS` (`true` or `false`) and `BITRELAY_STACK` through `lookup`. `None` where metrics are switched
    /// off, or not spoken of: nothing is written then.
    ///
    /// # Errors
    ///
    /// [`Error::SwitchInvalid`] for another word, [`Error::StackInvalid`] for a name that no stack can have, or none.
    pub fn from_environment(
        lookup: impl Fn(&str) -> Option<String>,
        sink: Arc<dyn Sink>,
    ) -> Result<Option<Self>, Error> {
        match lookup("BITRELAY_METRICS").as_deref() {
            None | Some("false") => Ok(None),
            Some("true") => {
                let stack = lookup("BITRELAY_STACK").unwrap_or_default().parse()?;
                Ok(Some(Self::new(stack, sink)))
            }
            Some(other) => Err(Error::SwitchInvalid(other.to_owned())),
        }
    }

    /// Writes figures that were taken at `at`, in one line.
    pub fn write(&self, at: Timestamp, of: Of<'_>, figures: &[Metric]) {
        self.sink.take(&line::line(at, &self.stack, of, figures));
    }
}
