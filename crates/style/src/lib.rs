//! The style sheet that the console and the pages of OAuth share. No dependencies, so that a function can contain it.

/// The style sheet: colours of light and dark, type, and the plain elements of a page.
pub const QUIET: &str = include_str!("quiet.css");

/// The source of [`QUIET`] in a content security policy, for a page that contains it in a `style` element
/// (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
pub const QUIET_SOURCE: &str = "'sha256-ZxdT8ZtdPqxMqGpjyRKXJ6oKCJ07atYxKOl1bDwQWDk='";

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn hash_is_the_style_sheets() {
        let hash = STANDARD.encode(Sha256::digest(QUIET));
        assert_eq!(QUIET_SOURCE, format!("'sha256-{hash}'"));
    }
}
