//! CloudWatch metrics as log lines in the embedded metric format. CloudWatch Logs extracts the metrics, so functions
//! need no further call or permission
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! The functions share this crate. It depends on no AWS client: a line is a few dozen bytes around the values.
//!
//! No secret can get into a line (G10). Names are `'static`, values are numbers, and the dimensions are the name of the
//! stack, the id of a link, and the source of an event.

mod error;
mod line;
mod sink;
mod stack;

use std::sync::Arc;

use jiff::Timestamp;

pub use error::Error;
pub use line::{MOST_SAMPLES, Metric, NAMESPACE, Scope};
pub use sink::{Sink, Stdout};
pub use stack::Stack;

/// Writes the metrics of one stack.
#[derive(Debug, Clone)]
pub struct Metrics {
    stack: Stack,
    sink: Arc<dyn Sink>,
}

impl Metrics {
    /// Makes metrics of `stack` that are written to `sink`.
    pub const fn new(stack: Stack, sink: Arc<dyn Sink>) -> Self {
        Self { stack, sink }
    }

    /// Reads `BITRELAY_METRICS` (`true` or `false`) and `BITRELAY_STACK` through `lookup`. `None` if metrics are off,
    /// which is the default.
    ///
    /// # Errors
    ///
    /// [`Error::SwitchInvalid`] for any other value, [`Error::StackInvalid`] for an invalid or missing name.
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

    /// Writes the metrics of time `at` as one line.
    pub fn write(&self, at: Timestamp, scope: Scope<'_>, metrics: &[Metric]) {
        self.sink.write(&line::line(at, &self.stack, scope, metrics));
    }
}
