//! The identity of an event, and its source.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Id of an event: 32 hex digits computed from the fact, the same for a report and a poll.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventId(
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{32}$")))] pub(crate) String,
);

impl EventId {
    /// Wraps an id that was read from the table.
    pub fn stored(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Source of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Source {
    /// Bitbucket reported it by webhook.
    Webhook,
    /// A poll found it.
    Poll,
}

impl Source {
    /// The name of the source in the envelope.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Poll => "poll",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_shown_as_it_is_stored() {
        let id = EventId::stored("0123456789abcdef");
        assert_eq!((id.as_str(), id.to_string().as_str()), ("0123456789abcdef", "0123456789abcdef"));
        assert_eq!((Source::Webhook.as_str(), Source::Poll.as_str()), ("webhook", "poll"));
    }
}
