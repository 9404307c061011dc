//! Errors of ids and settings; folding itself cannot fail.

use bitbucket::Category;

/// All errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A link id has forbidden characters, or is too long.
    #[error("a link id has 1 to 64 lower-case letters, digits and dashes")]
    LinkIdInvalid,
    /// A stored subject cannot be read.
    #[error("stored subject {0:?} cannot be read")]
    SubjectInvalid(String),
    /// A setting is out of its bounds.
    #[error("{name} must be between {min} and {max} seconds, not {given:?}")]
    SettingInvalid {
        /// The environment variable.
        name: &'static str,
        /// The minimum.
        min: u32,
        /// The maximum.
        max: u32,
        /// The given value.
        given: String,
    },
    /// A sweep target is not in the form that Bitbucket uses.
    #[error("a sweep target is `workspace/slug` or `workspace`, in letters, digits, `-`, `_` and `.`")]
    SweepTargetInvalid,
    /// A link names more sweep targets than a link can have.
    #[error(
        "a link can have at most {repositories} repositories and {workspaces} workspaces as sweep targets"
    )]
    TooManySweepTargets {
        /// Maximum number of repositories.
        repositories: usize,
        /// Maximum number of workspaces.
        workspaces: usize,
    },
    /// The times of the tail are not valid.
    #[error(
        "BITRELAY_TAIL_SECONDS must be one to three numbers of seconds up to 2678400 with commas between them, \
         not {given:?}"
    )]
    TailInvalid {
        /// The given value.
        given: String,
    },
}

impl Error {
    /// The HTTP status of a request that fails with this.
    pub const fn status(&self) -> u16 {
        match self {
            // A link with an invalid id does not exist.
            Self::LinkIdInvalid => 404,
            Self::SweepTargetInvalid | Self::TooManySweepTargets { .. } => 400,
            Self::SubjectInvalid(_) | Self::SettingInvalid { .. } | Self::TailInvalid { .. } => 500,
        }
    }

    /// Always false: a retry fails in the same way.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_says_who_can_mend_it() {
        let setting = Error::SettingInvalid { name: "X", min: 1, max: 2, given: String::new() };
        for (error, status, category) in [
            (Error::LinkIdInvalid, 404, Category::NotFound),
            (Error::SweepTargetInvalid, 400, Category::Input),
            (Error::TooManySweepTargets { repositories: 1, workspaces: 1 }, 400, Category::Input),
            (Error::SubjectInvalid(String::new()), 500, Category::Internal),
            (setting, 500, Category::Internal),
            (Error::TailInvalid { given: String::new() }, 500, Category::Internal),
        ] {
            assert_eq!((error.status(), error.category(), error.retryable()), (status, category, false));
        }
    }
}
