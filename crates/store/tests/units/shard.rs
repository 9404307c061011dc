//! Shards: stable, even, numbered.

use std::collections::BTreeMap;

use relay::LinkId;
use store::Shard;
use store::shard::SHARDS;

fn link(id: &str) -> LinkId {
    id.parse().unwrap()
}

#[test]
fn link_keeps_its_shard_across_versions() {
    let shards = ["acme", "widgets", "gadgets"].map(|id| u8::from(Shard::of(&link(id))));
    assert_eq!(shards, [2, 0, 2]);
}

#[test]
fn links_are_spread_over_all_shards() {
    let mut links = BTreeMap::<Shard, usize>::new();
    for n in 0..800 {
        *links.entry(Shard::of(&link(&format!("link-{n}")))).or_default() += 1;
    }
    assert_eq!(links.len(), usize::from(SHARDS));
    assert!(links.values().all(|links| (70..130).contains(links)), "{links:?}");
}

#[test]
fn unknown_shard_number_is_refused() {
    let read = serde_json::from_str::<Shard>;
    assert_eq!(read("7").unwrap(), Shard::try_from(7).unwrap());
    assert_eq!(read("8").unwrap_err().to_string(), "there is no shard 8: shards are numbered from 0 to 7");
}
