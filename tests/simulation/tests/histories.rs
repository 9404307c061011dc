//! A fixed set of histories in every test run. `make histories N=100000` runs more.

use simulation::history::{live, shared_api};
use simulation::many;

const FIRST: u64 = 1_200;
const COUNT: u64 = 200;

#[test]
fn no_history_breaks_a_guarantee() {
    let lived = many::live(FIRST, COUNT, |_| {}).unwrap();
    assert!(lived.broken.is_empty(), "seeds and what they break: {:#?}", lived.broken);
    assert!(
        lived.acts > 2_000 && lived.events > 2_000 && lived.calls > 10_000 && lived.again > 0,
        "hardly anything happens: {lived:?}"
    );
}

#[test]
fn a_seed_gives_the_same_history_again() {
    let api = shared_api().unwrap();
    assert_eq!(live(17, &api), live(17, &api));
    assert_ne!(live(17, &api), live(18, &api));
}
