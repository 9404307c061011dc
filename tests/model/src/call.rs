//! The I/O calls of the functions, in words.

use std::fmt;

use relay::Subject;
use store::{Commit, Shard};

/// One I/O call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Loads the secret of the link.
    LoadLink,
    /// Reads the state of a subject.
    Read(String),
    /// Commits the state of a subject, with these events.
    Commit {
        /// The subject.
        subject: String,
        /// The version of the state.
        version: u64,
        /// The key and sequence of each event.
        events: Vec<String>,
    },
    /// Asks which watches of a shard are due.
    DueWatches(Shard),
    /// Asks which kept deliveries of a shard are due.
    KeptDeliveries(Shard),
    /// Asks for the pull requests at a head.
    Heads,
    /// Reads a document of this kind.
    ReadDocument(&'static str),
    /// Stores a document of this kind.
    StoreDocument(&'static str),
    /// Takes the lease of a shard.
    Lease,
    /// Gives the lease of a shard back.
    Release,
    /// Calls Bitbucket's API: the path without its root.
    Api(String),
    /// Puts events on the bus: how many.
    PutEvents(usize),
    /// Sends a record to the dead-letter queue.
    Park,
    /// The caller hears the function's answer.
    Answer(String),
}

impl Call {
    /// The read of a subject's state.
    pub(crate) fn read(subject: &Subject) -> Self {
        Self::Read(name(subject))
    }

    /// A commit.
    pub(crate) fn commit(commit: &Commit<'_>) -> Self {
        let short = |key: &str| key.split_once(':').map_or(key, |(_, short)| short).to_owned();
        let events = commit.events.iter();
        Self::Commit {
            subject: name(commit.subject),
            version: commit.state.version,
            events: events
                .map(|event| format!("{} ({})", short(event.key.as_str()), event.sequence))
                .collect(),
        }
    }

    /// True if the call may change what is outside of the function.
    pub(crate) const fn is_write(&self) -> bool {
        matches!(
            self,
            Self::Commit { .. }
                | Self::StoreDocument(_)
                | Self::Lease
                | Self::Release
                | Self::PutEvents(_)
                | Self::Park
        )
    }
}

/// A subject by a short name.
fn name(subject: &Subject) -> String {
    match subject {
        Subject::PullRequest { id, .. } => format!("pull request {id}"),
        Subject::Commit { .. } => "the commit".to_owned(),
        Subject::Repository { .. } => "the repository".to_owned(),
        Subject::Link => "the link".to_owned(),
        Subject::Issue { id, .. } => format!("issue {id}"),
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoadLink => f.write_str("loads the link"),
            Self::Read(subject) => write!(f, "reads the state of {subject}"),
            Self::Commit { subject, version, events } => {
                write!(f, "commits version {version} of {subject}, ")?;
                if events.is_empty() { f.write_str("no event") } else { f.write_str(&events.join(", ")) }
            }
            Self::DueWatches(_) => f.write_str("reads the due watches"),
            Self::KeptDeliveries(_) => f.write_str("reads the list of kept deliveries"),
            Self::Heads => f.write_str("reads which pull requests have the build's commit as head"),
            Self::ReadDocument(kind) => write!(f, "reads the {}", document(kind)),
            Self::StoreDocument(kind) => write!(f, "stores the {}", document(kind)),
            Self::Lease => f.write_str("takes the lease"),
            Self::Release => f.write_str("gives the lease back"),
            Self::Api(path) => write!(f, "GET {path}"),
            Self::PutEvents(1) => f.write_str("puts 1 event on the bus"),
            Self::PutEvents(count) => write!(f, "puts {count} events on the bus"),
            Self::Park => f.write_str("sends the record to the dead-letter queue"),
            Self::Answer(answer) => write!(f, "answers {answer}"),
        }
    }
}

fn document(kind: &'static str) -> &'static str {
    if kind == "kept" { "kept delivery" } else { kind }
}
