//! What can go wrong with ids and settings; folding itself cannot fail.

use bitbucket::Category;

/// Everything that can fail in this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A link id has other characters than allowed, or is too long.
    #[error("a link id has 1 to 64 lower-case letters, digits and dashes")]
    LinkIdInvalid,
    /// A stored subject cannot be read.
    #[error("{0:?} is not a subject")]
    SubjectInvalid(String),
    /// A setting is out of its bounds.
    #[error("{name} must be between {min} and {max} seconds, not {given:?}")]
    SettingInvalid {
        /// The environment variable.
        name: &'static str,
        /// The least that is allowed.
        min: u32,
        /// The most that is allowed.
        max: u32,
        /// What was given.
        given: String,
    },
    /// What is to be swept is named in another way than Bitbucket names it.
    #[error("a place to sweep is `workspace/slug` or `workspace`, in letters, digits, `-`, `_` and `.`")]
    SweepTargetInvalid,
    /// More is to be swept than can be.
    #[error("at most {repositories} repositories and {workspaces} workspaces can be named to be swept")]
    TooManySweepTargets {
        /// The most repositories.
        repositories: usize,
        /// The most workspaces.
        workspaces: usize,
    },
    /// The looks of the tail are not what they should be.
    #[error(
        "BITRELAY_TAIL_SECONDS must be one to three numbers of seconds up to 2678400 with commas between them, not {given:?}"
    )]
    TailInvalid {
        /// What was given.
        given: String,
    },
}

impl Error {
    /// The HTTP status of a request that fails with this.
    pub const fn status(&self) -> u16 {
        match self {
            // A link that cannot exist is one that is not there.
            Self::LinkIdInvalid => 404,
            Self::SweepTargetInvalid | Self::TooManySweepTargets { .. } => 400,
            Self::SubjectInvalid(_) | Self::SettingInvalid { .. } | Self::TailInvalid { .. } => 500,
        }
    }

    /// Never: none of these passes by itself.
    pub const fn retryable(&self) -> bool {
        false
    }

    /// The kind of failure.
    pub const fn category(&self) -> Category {
        match self {
            Self::LinkIdInvalid => Category::NotFound,
            Self::SweepTargetInvalid | Self::TooManySweepTargets { .. } => Category::Input,
            Self::SubjectInvalid(_) | Self::SettingInvalid { .. } | Self::TailInvalid { .. } => {
                Category::Internal
            }
        }
    }
}
