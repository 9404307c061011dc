use bitbucket::{EventKey, PullRequestId, RepositoryId};
use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::state::Head;
use crate::testing::a_pull_request;
use crate::{Source, Subject};

fn ids(numbers: std::ops::Range<usize>) -> Vec<EventId> {
    numbers.map(|number| EventId::stored(format!("{number:032x}"))).collect()
}

fn of(known: Known) -> SubjectState {
    SubjectState { known: Some(known), ..SubjectState::default() }
}

fn a_commit() -> CommitState {
    CommitState::first_seen(Timestamp::UNIX_EPOCH)
}

fn an_event(id: &str) -> Event {
    Event {
        id: EventId::stored(id),
        key: EventKey::PullRequestApproved,
        source: Source::Webhook,
        trusted: true,
        signed: true,
        link: "acme".parse().unwrap(),
        subject: Subject::PullRequest { repository: RepositoryId::new("{ab}"), id: PullRequestId(7) },
        repository_name: None,
        sequence: 1,
        occurred_at: None,
        observed_at: Timestamp::UNIX_EPOCH,
        actor: None,
        changes: None,
        counters: None,
        payload: Vec::new(),
    }
}

#[test]
fn newest_facts_are_remembered_once_each() {
    let mut state = SubjectState::default();
    state.remember(ids(0..MAX_RECENT_FACTS));
    state.remember(ids(0..MAX_RECENT_FACTS));
    assert_eq!(Vec::from(state.recent_facts.clone()), ids(0..MAX_RECENT_FACTS));
    state.remember(ids(MAX_RECENT_FACTS..MAX_RECENT_FACTS + 3));
    assert_eq!(Vec::from(state.recent_facts), ids(3..MAX_RECENT_FACTS + 3));
}

#[test]
fn facts_are_stored_once_they_are_too_many() {
    let events = [an_event("new")];
    let mut state = SubjectState::default();
    state.remember(ids(0..MAX_FACTS_WITHOUT_ITEMS));
    assert_eq!((state.store_facts(&events), state.facts_are_stored), (vec![], false));
    state.remember(ids(MAX_FACTS_WITHOUT_ITEMS..MAX_FACTS_WITHOUT_ITEMS + 1));
    assert_eq!(state.store_facts(&events), ids(0..MAX_FACTS_WITHOUT_ITEMS + 1), "all of them, once");
    assert!(state.facts_are_stored);
    assert_eq!(state.store_facts(&events), [EventId::stored("new")], "the new ones after that");
}

#[test]
fn few_facts_of_a_log_need_no_items() {
    let mut state = SubjectState::default();
    state.remember(ids(0..10));
    assert_eq!(state.remember_logged(ids(5..MAX_FACTS_WITHOUT_ITEMS)), []);
    assert_eq!(Vec::from(state.recent_facts.clone()), ids(0..MAX_FACTS_WITHOUT_ITEMS), "each once");
    assert!(!state.facts_are_stored);
}

#[test]
fn many_facts_of_a_log_need_items() {
    let mut state = SubjectState::default();
    state.remember(ids(0..10));
    let all = ids(0..MAX_FACTS_WITHOUT_ITEMS + 1);
    assert_eq!(state.remember_logged(ids(5..MAX_FACTS_WITHOUT_ITEMS + 1)), all);
    assert!(state.facts_are_stored);
    assert_eq!(state.remember_logged(ids(0..1)), all, "and go on to need them");
    assert!(state.facts_are_stored);
}

#[test]
fn state_of_an_earlier_version_has_its_facts_stored() {
    let mut state: SubjectState = serde_json::from_value(json!({
        "version": 3, "sequence": 2, "recent_facts": [],
    }))
    .unwrap();
    assert!(state.facts_are_stored);
    assert!(serde_json::to_value(&state).unwrap().get("facts_are_stored").is_none());
    state.facts_are_stored = false;
    let stored = serde_json::to_value(&state).unwrap();
    assert_eq!(serde_json::from_value::<SubjectState>(stored).unwrap(), state);
}

#[test]
fn every_subject_but_a_link_has_its_repository() {
    let repository = json!({ "uuid": "{ab}" });
    let known = [
        Known::PullRequest(PullRequestState { repository: repository.clone(), ..a_pull_request() }),
        Known::Commit(CommitState { repository: repository.clone(), ..a_commit() }),
        Known::Repository(RepositoryState { repository: repository.clone(), ..RepositoryState::default() }),
    ];
    for mut state in known.map(of) {
        assert_eq!(state.repository_object(), Some(&repository));
        assert_eq!(state.repository_object_mut(), Some(&mut repository.clone()));
    }
    let mut link = of(Known::Link(LinkState::default()));
    assert_eq!(link.repository_object(), None);
    assert_eq!(link.repository_object_mut(), None);
}

#[test]
fn pull_requests_and_commits_may_be_unsigned() {
    for is_unsigned in [true, false] {
        let known = [
            Known::PullRequest(PullRequestState { is_unsigned, ..a_pull_request() }),
            Known::Commit(CommitState { is_unsigned, ..a_commit() }),
        ];
        assert!(known.map(of).iter().all(|state| state.is_unsigned() == is_unsigned));
    }
    assert!(!SubjectState::default().is_unsigned());
}

#[test]
fn only_an_open_pull_request_has_an_open_head() {
    let hash: ShortHash = ShortHash::new("0123456789ab").unwrap();
    let head = Some(Head { hash: hash.clone(), builds: BTreeMap::new(), size: None });
    let with = |state: &str| {
        let snapshot = json!({ "state": state });
        of(Known::PullRequest(PullRequestState { snapshot, head: head.clone(), ..a_pull_request() }))
    };
    assert_eq!(with("OPEN").open_head(), Some(&hash));
    assert_eq!(with("MERGED").open_head(), None);
}

#[test]
fn oldest_contents_are_no_longer_counted() {
    let mut state = SubjectState::default();
    for number in 0..=MAX_REPEATS {
        assert!(state.repeats_of(&number.to_string()).is_some());
        assert_eq!(state.repeats.len(), MAX_REPEATS.min(number + 1));
    }
    assert_eq!(state.repeats[0].digest, "1");
}

#[test]
fn long_id_of_a_hook_is_kept_as_its_hash() {
    let mut repeats = Repeats { digest: String::new(), hooks: BTreeMap::new() };
    let (longest, too_long) = ("x".repeat(MAX_HOOK_BYTES), "x".repeat(MAX_HOOK_BYTES + 1));
    assert_eq!(repeats.count(&longest), Some(Repeat { before: 0, is_known: false }));
    assert!(repeats.hooks.contains_key(&longest));
    assert_eq!(repeats.count(&too_long), Some(Repeat { before: 0, is_known: true }));
    assert!(repeats.hooks.contains_key(&content_hash(&too_long)));
    assert_eq!(repeats.count(&too_long), Some(Repeat { before: 1, is_known: false }));
}

#[test]
fn hooks_that_cannot_be_kept_are_let_go_of() {
    let with = |hooks: Vec<String>| {
        let hooks = hooks.into_iter().map(|hook| (hook, 1)).collect();
        let mut repeats = Repeats { digest: String::new(), hooks };
        repeats.limit_hooks();
        repeats.hooks.into_keys().collect::<Vec<_>>()
    };
    let named = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
    assert_eq!(with(named(MAX_HOOKS)), named(MAX_HOOKS));
    assert_eq!(with(named(MAX_HOOKS + 1)), named(MAX_HOOKS));
    let (longest, too_long) = ("x".repeat(MAX_HOOK_BYTES), "x".repeat(MAX_HOOK_BYTES + 1));
    assert_eq!(with(vec![longest.clone(), too_long]), [longest]);
}
