//! The release that a program was built from. No dependencies, so that a function can contain it.

/// Release of this build: the version, and the commit if the build names one, such as `0.1.0 (4be1cc29f2c1)`.
///
/// `make dist` sets `BITRELAY_RELEASE`. Other builds have the version alone, so that a commit compiles nothing again, and
/// a build needs no git.
pub const RELEASE: &str = match option_env!("BITRELAY_RELEASE") {
    Some(release) => release,
    None => env!("CARGO_PKG_VERSION"),
};

/// Returns true if two releases can behave differently: they have other versions, or both name a commit and the commits
/// differ.
pub fn differ(one: &str, other: &str) -> bool {
    let parts = |release: &str| {
        let (version, commit) = release.split_once(' ').unwrap_or((release, ""));
        (version.to_owned(), commit.to_owned())
    };
    let ((version, commit), (other_version, other_commit)) = (parts(one), parts(other));
    let name_commits = !commit.is_empty() && !other_commit.is_empty();
    version != other_version || (name_commits && commit != other_commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    #[test]
    fn template_names_this_version() {
        let output = TEMPLATE.split("\n  Release:\n").nth(1).unwrap_or_default();
        let value = output.lines().find_map(|line| line.trim().strip_prefix("Value: "));
        assert_eq!(value, Some(env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn unnamed_commit_is_no_difference() {
        for (one, other, expected) in [
            ("0.1.0", "0.1.0", false),
            ("0.1.0", "0.2.0", true),
            ("0.1.0 (aaa)", "0.1.0", false),
            ("0.1.0", "0.1.0 (aaa)", false),
            ("0.1.0 (aaa)", "0.1.0 (aaa)", false),
            ("0.1.0 (aaa)", "0.1.0 (bbb)", true),
            ("0.1.0 (aaa)", "0.2.0", true),
        ] {
            assert_eq!(differ(one, other), expected, "{one} {other}");
        }
    }
}
