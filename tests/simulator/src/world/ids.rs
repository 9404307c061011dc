//! Numbers, uuids and commit hashes, all from one seed so that a world can be made twice.

use std::fmt::Write as _;

/// A source of identifiers (`SplitMix64`; nothing here needs to be unpredictable).
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    state: u64,
    last_number: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, last_number: 1_000 }
    }

    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The id of the next comment or task. Never used twice, also across repositories.
    pub(crate) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// A random uuid (version 4) in braces, as Bitbucket writes them.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.draw(), self.draw());
        let version = (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
        let variant = (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
        format!(
            "{{{:08x}-{:04x}-{:04x}-{:04x}-{:012x}}}",
            version >> 32,
            (version >> 16) & 0xFFFF,
            version & 0xFFFF,
            variant >> 48,
            variant & 0xFFFF_FFFF_FFFF
        )
    }

    /// A commit hash: 40 hex digits.
    pub(crate) fn commit_hash(&mut self) -> String {
        let mut hash = String::with_capacity(48);
        for _ in 0..3 {
            // Writing to a String cannot fail.
            let _ = write!(hash, "{:016x}", self.draw());
        }
        hash.truncate(40);
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_identifiers() {
        let (mut one, mut two, mut other) = (Ids::new(7), Ids::new(7), Ids::new(8));
        let first = one.uuid();
        assert_eq!(first, two.uuid());
        assert_ne!(first, other.uuid());
        assert_ne!(first, one.uuid());
    }

    #[test]
    fn identifiers_have_bitbuckets_form() {
        let mut ids = Ids::new(1);
        let uuid = ids.uuid();
        assert_eq!(uuid.len(), 38);
        assert_eq!(uuid.chars().nth(15), Some('4'), "{uuid} is not a version 4 uuid");
        let hash = ids.commit_hash();
        assert!(hash.len() == 40 && hash.chars().all(|digit| digit.is_ascii_hexdigit()), "{hash}");
    }
}
