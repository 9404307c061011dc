//! Identifiers as types, so that the id of a comment cannot be passed as the id of a task.

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
    /// Number of a pull request within its repository.
    PullRequestId
}
number_id! {
    /// Id of a comment, unique in Bitbucket.
    CommentId
}
number_id! {
    /// Id of a task, unique in Bitbucket.
    TaskId
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Normalizes an id: removes braces around a UUID and lowers letters, because Bitbucket sends both forms.
            pub fn new(text: &str) -> Self {
                Self(text.trim().trim_start_matches('{').trim_end_matches('}').to_ascii_lowercase())
            }

            /// Returns the normalized id.
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
    /// Id of a repository: its UUID, or its full name (`workspace/slug`) if an old payload has no UUID.
    RepositoryId
}
/// Longest plausible id of a repository. A workspace and a slug have at most 62 characters each.
const MAX_REPOSITORY_CHARS: usize = 200;

impl RepositoryId {
    /// True if this can be a UUID or a full name, by its characters and length.
    pub fn is_plausible(&self) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        (1..=MAX_REPOSITORY_CHARS).contains(&self.0.len()) && self.0.chars().all(allowed)
    }
}

text_id! {
    /// Id of the hook that sent a delivery (`X-Hook-UUID`).
    HookUuid
}
text_id! {
    /// Id of the request of a delivery (`X-Request-UUID`). It is undocumented if a resend keeps it.
    RequestUuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_around_a_uuid_do_not_matter() {
        assert_eq!(HookUuid::new("{AB-12}"), HookUuid::new("ab-12"));
        assert_eq!(RepositoryId::new("Acme/Widgets").as_str(), "acme/widgets");
    }
}
