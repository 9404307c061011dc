//! The table's keys: one table, `pk` and `sk`, both strings.
//!
//! | kind | `pk` | `sk` |
//! | --- | --- | --- |
//! | `state` | `{link}#{subject}` | `state` |
//! | `event` | `{link}#{subject}` | `event#{sequence, 12 digits}` |
//! | `part` | `{link}#{subject}` | `event#{sequence, 12 digits}#part{n}` |
//! | `fact` | `{link}#{subject}` | `fact#{event id}` |
//! | `kept` | `kept#{link}#{hook}#{request}#{SHA-256 of the body, 16 digits}` | `kept` |
//! | `head` | `head#{link}#{repository}#{hash, 12 digits}` | `{pull request}` |
//! | `delivery` | `delivery#{link}#{hook}#{event key}#{SHA-256 of the body}` | `delivery` |
//! | `budget` | `budget#{account}` | `budget` |
//! | `lease` | `lease#{name}` | `lease` |
//! | `authorization` | `authorization#{link}` | `authorization` |

use bitbucket::RepositoryId;
use relay::ShortHash;
use relay::{Account, EventId, LinkId, Subject};

use crate::Error;
use crate::commit::DeliveryMark;

/// DynamoDB's limit for a partition key
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const MAX_PK_BYTES: usize = 2048;

/// Longest header value that a key holds unhashed.
const MAX_PLAIN_CHARS: usize = 128;

pub(crate) const STATE: &str = "state";
pub(crate) const EVENT: &str = "event";
pub(crate) const DELIVERY: &str = "delivery";
pub(crate) const HEAD: &str = "head";
pub(crate) const LEASE: &str = "lease";

/// Largest sequence of an event: its key has twelve digits, and keys sort as text.
pub(crate) const MAX_SEQUENCE: u64 = 999_999_999_999;

/// The end of the range of events: it sorts after every digit.
pub(crate) const LAST_EVENT: &str = "event#~";

pub(crate) fn subject(link: &LinkId, subject: &Subject) -> Result<String, Error> {
    let pk = stored_subject(link, subject);
    if pk.len() > MAX_PK_BYTES {
        return Err(Error::TooLarge { what: "the subject's name", bytes: pk.len(), max_bytes: MAX_PK_BYTES });
    }
    Ok(pk)
}

/// Returns the partition key of a subject that is stored, so that its length is right.
pub(crate) fn stored_subject(link: &LinkId, subject: &Subject) -> String {
    format!("{link}#{subject}")
}

/// Parses a subject's partition key.
pub(crate) fn parse_subject(pk: &str) -> Result<(LinkId, Subject), relay::Error> {
    let (link, subject) = pk.split_once('#').unwrap_or((pk, ""));
    Ok((link.parse()?, subject.parse()?))
}

pub(crate) fn event(sequence: u64) -> String {
    format!("event#{sequence:012}")
}

/// Returns the sequence in the sort key of an event.
pub(crate) fn sequence(sk: &str) -> Option<u64> {
    sk.strip_prefix("event#")?.parse().ok()
}

pub(crate) fn part(sequence: u64, part: usize) -> String {
    format!("event#{sequence:012}#part{part}")
}

pub(crate) fn fact(id: &EventId) -> String {
    format!("fact#{id}")
}

pub(crate) fn delivery(link: &LinkId, mark: &DeliveryMark) -> String {
    format!("delivery#{link}#{}#{}#{}", plain(&mark.hook), mark.key, mark.body_sha256)
}

/// The hash keeps two deliveries with one request id apart.
pub(crate) fn kept(link: &LinkId, mark: &DeliveryMark) -> String {
    let body: String = mark.body_sha256.chars().take(16).collect();
    format!("kept#{link}#{}#{}#{body}", plain(&mark.hook), plain(&mark.request))
}

pub(crate) fn head(link: &LinkId, repository: &RepositoryId, head: &ShortHash) -> String {
    format!("head#{link}#{}#{}", repository.as_str(), head.as_str())
}

pub(crate) fn budget(account: &Account) -> String {
    format!("budget#{account}")
}

pub(crate) fn authorization(link: &LinkId) -> String {
    format!("authorization#{link}")
}

pub(crate) fn lease(name: &str) -> String {
    format!("lease#{}", plain(name))
}

/// Returns a header's value as a safe part of a key: without `#`, and of limited length.
fn plain(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+' | '/');
    if text.len() <= MAX_PLAIN_CHARS && text.chars().all(allowed) {
        return text.to_owned();
    }
    format!("sha256:{}", super::sha256_hex(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_key_reads_back() {
        let link: LinkId = "acme".parse().unwrap();
        let about: Subject = "pullrequest/acme:widgets/7".parse().unwrap();
        let pk = subject(&link, &about).unwrap();
        assert_eq!(pk, "acme#pullrequest/acme:widgets/7");
        assert_eq!(parse_subject(&pk).unwrap(), (link, about));
        assert!(parse_subject("lease#x").is_err());
    }

    #[test]
    fn keys_sort_events_by_sequence_and_parts_after_them() {
        let sorted = [event(9), part(9, 1), event(10), event(100), LAST_EVENT.to_owned()];
        assert!(sorted.is_sorted(), "{sorted:?}");
        assert_eq!((sequence(&event(9)), sequence(&part(9, 1))), (Some(9), None));
    }

    #[test]
    fn header_value_stays_inside_its_part_of_a_key() {
        let link: LinkId = "acme".parse().unwrap();
        let mark = |hook: &str, request: &str| DeliveryMark {
            hook: hook.to_owned(),
            request: request.to_owned(),
            key: bitbucket::EventKey::CommentCreated,
            body_sha256: String::new(),
            attempt: 1,
        };
        assert_ne!(kept(&link, &mark("a#b", "c")), kept(&link, &mark("a", "b#c")));
        assert_eq!(
            kept(&link, &mark("{1-a}", "b-2")).matches("b-2").count(),
            1,
            "a usual one stays readable"
        );
        assert!(kept(&link, &mark("h", &"r".repeat(9_000))).len() < MAX_PK_BYTES);
        assert!(delivery(&link, &mark(&"h".repeat(9_000), "r")).len() < MAX_PK_BYTES);
    }

    #[test]
    fn subject_may_be_as_long_as_a_key() {
        let link: LinkId = "acme".parse().unwrap();
        let named = |chars: usize| {
            let repository = RepositoryId::new(&"r".repeat(chars));
            subject(&link, &Subject::Repository { repository })
        };
        let longest = MAX_PK_BYTES - "acme#repository/".len();
        assert_eq!(named(longest).unwrap().len(), MAX_PK_BYTES);
        assert!(named(longest + 1).is_err());
    }

    #[test]
    fn too_long_subject_is_refused() {
        let link: LinkId = "acme".parse().unwrap();
        let about: Subject = format!("repository/{}", "r".repeat(3_000)).parse().unwrap();
        let error = subject(&link, &about).unwrap_err();
        assert!(error.to_string().starts_with("the subject's name has 30"), "{error}");
    }
}
