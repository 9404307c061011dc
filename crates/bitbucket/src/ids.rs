//! Identifiers as types, so that a comment's id cannot be passed for a task's.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// The number of a pull request within its repository.
    PullRequestId
}
number_id! {
    /// A comment's id, unique in Bitbucket.
    CommentId
}
number_id! {
    /// A task's id, unique in Bitbucket.
    TaskId
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes an id as Bitbucket writes it. Braces around a UUID are dropped and letters lowered, because
            /// captures show both forms for the same thing.
            pub fn new(text: &str) -> Self {
                Self(text.trim().trim_start_matches('{').trim_end_matches('}').to_ascii_lowercase())
            }

            /// The id in its normal form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A repository: its UUID, or its full name (`workspace/slug`) where an old payload has no UUID.
    RepositoryId
}
/// The longest repository id that is taken for one. A workspace and a slug have at most 62 characters each.
const MAX_REPOSITORY_CHARS: usize = 200;

impl RepositoryId {
    /// Whether this could be a UUID or a full name: the characters that Bitbucket has in them, and not too many.
    pub fn is_plausible(&self) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        (1..=MAX_REPOSITORY_CHARS).contains(&self.0.len()) && self.0.chars().all(allowed)
    }
}

text_id! {
    /// The hook that sent a delivery (`X-Hook-UUID`).
    HookUuid
}
text_id! {
    /// The request that carried a delivery (`X-Request-UUID`). Whether a resend keeps it is not documented.
    RequestUuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_the_same_with_and_without_braces() {
        assert_eq!(HookUuid::new("{AB-12}"), HookUuid::new("ab-12"));
        assert_eq!(RepositoryId::new("Acme/Widgets").as_str(), "acme/widgets");
    }
}
