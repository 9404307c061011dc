//! Exit codes of the process.

/// Exit codes of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command succeeded.
    Ok = 0,
    /// A defect, or something stored that cannot be read.
    Internal = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Something does not exist or is not configured.
    NotFound = 3,
    /// Bitbucket or AWS refused the credentials.
    Refused = 4,
    /// The same command may succeed later.
    Temporary = 5,
    /// A check found something wrong.
    Unsound = 6,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        self as u8
    }
}
