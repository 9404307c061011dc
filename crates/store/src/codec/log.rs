//! Keys of the sparse index `log`: every event, by link and time. docs/design/log.md has the reasons.

use jiff::Timestamp;
use relay::{LinkId, Subject};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Number of partitions of one link. DynamoDB writes at most 1,000 units a second to one partition
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>), and an index that
/// is throttled throttles its table. A reader makes one query for each partition.
const SPREAD: u8 = 4;

/// Longest name of an actor in the index, in characters. A longer one is cut: it must not make an entry larger than
/// the one kilobyte of a write unit.
const MAX_NAME_CHARS: usize = 80;

/// Returns the partition of a subject's events. All of them are in one, so that their order holds.
pub(crate) fn partition(link: &LinkId, subject: &Subject) -> String {
    let first = Sha256::digest(subject.to_string()).first().copied().unwrap_or_default();
    format!("{link}#{}", first % SPREAD)
}

/// Returns all partitions of a link.
pub(crate) fn partitions(link: &LinkId) -> impl Iterator<Item = String> {
    (0..SPREAD).map(move |number| format!("{link}#{number}"))
}

/// Returns the sort key of an event. Texts of equal length sort like their times.
pub(crate) fn at(observed_at: Timestamp, sequence: u64) -> String {
    format!("{}#{sequence:012}", moment(observed_at))
}

/// Returns the bound between the events before this time and those at it or later.
pub(crate) fn moment(time: Timestamp) -> String {
    format!("{time:.9}")
}

/// Returns the time in a sort key; `None` if it is none.
pub(crate) fn observed_at(at: &str) -> Option<Timestamp> {
    at.split_once('#')?.0.parse().ok()
}

/// Returns the name of an actor for lists.
pub(crate) fn actor_name(actor: &Value) -> Option<String> {
    let name = ["display_name", "nickname"].iter().find_map(|field| actor.get(field)?.as_str())?;
    Some(name.chars().take(MAX_NAME_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_keys_follow_time_then_sequence() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let (early, late) = (time("2026-11-24T10:00:00Z"), time("2026-11-24T10:00:00.5Z"));
        let sorted = [moment(early), at(early, 9), at(early, 10), moment(late), at(late, 1)];
        assert!(sorted.is_sorted(), "{sorted:?}");
        assert_eq!(at(late, 1), "2026-11-24T10:00:00.500000000Z#000000000001");
        assert_eq!(observed_at(&at(late, 1)), Some(late));
        assert_eq!(observed_at("2026"), None);
    }

    #[test]
    fn subjects_of_a_link_share_its_partitions() {
        let link: LinkId = "acme".parse().unwrap();
        let all: Vec<_> = partitions(&link).collect();
        assert_eq!(all, ["acme#0", "acme#1", "acme#2", "acme#3"]);
        let subject = |id: u32| format!("pullrequest/0a1b/{id}").parse().unwrap();
        let mut counts = [0; 4];
        for id in 0..400 {
            counts[all.iter().position(|name| *name == partition(&link, &subject(id))).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}");
    }

    #[test]
    fn name_is_short() {
        let long = serde_json::json!({ "nickname": "ü".repeat(200) });
        assert_eq!(actor_name(&long).unwrap().chars().count(), 80);
        assert_eq!(actor_name(&serde_json::json!({})), None);
    }
}
