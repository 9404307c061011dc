//! Largest fields of an event.

/// Largest payload. Bitbucket sends at most 256 KB, the webhook function accepts at most 1 MiB, and a
/// synthetic payload consists of pieces of such bodies.
pub(super) const MAX_PAYLOAD_BYTES: usize = 2 * 1024 * 1024;

/// Largest actor that gets an attribute; the payload holds every actor anyway.
pub(super) const MAX_ACTOR_BYTES: usize = 16 * 1024;

/// Longest name of a repository that gets an attribute; the payload holds every name anyway.
pub(super) const MAX_NAME_BYTES: usize = 1024;

/// Largest changes; larger ones are dropped. Two descriptions of 8 KiB and some reviewers fit.
pub(super) const MAX_CHANGES_BYTES: usize = 32 * 1024;
