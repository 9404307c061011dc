use serde_json::json;

use super::*;

fn reviewed(states: impl IntoIterator<Item = ReviewState>) -> PublishedFacts {
    let review = |state| Review { state, poll_event: None, at: None };
    let reviews =
        states.into_iter().enumerate().map(|(number, state)| (format!("{number:04}"), review(state)));
    PublishedFacts { reviews: reviews.collect(), ..PublishedFacts::default() }
}

fn approvals(count: usize) -> impl Iterator<Item = ReviewState> {
    std::iter::repeat_n(ReviewState::Approved, count)
}

#[test]
fn withdrawn_reviews_are_let_go_of_first() {
    let withdrawn = |count| std::iter::repeat_n(ReviewState::None, count);
    let left = |mut facts: PublishedFacts| {
        facts.limit_reviews();
        facts.reviews.values().filter(|review| review.state == ReviewState::Approved).count()
            * usize::from(facts.reviews.len() <= MAX_REVIEWS)
    };
    let mut at_limit = reviewed(approvals(MAX_REVIEWS - 1).chain(withdrawn(1)));
    let before = at_limit.clone();
    at_limit.limit_reviews();
    assert_eq!(at_limit, before);
    assert_eq!(left(reviewed(withdrawn(10).chain(approvals(MAX_REVIEWS - 5)))), MAX_REVIEWS - 5);
    assert_eq!(left(reviewed(approvals(MAX_REVIEWS + 3))), MAX_REVIEWS);
}

#[test]
fn newest_found_updates_are_kept() {
    let mut facts = PublishedFacts::default();
    for number in 0..=MAX_FOUND_UPDATES {
        facts.find_update(FoundUpdate { since: None, until: None, id: EventId::stored(number.to_string()) });
        assert_eq!(facts.updates.len(), MAX_FOUND_UPDATES.min(number + 1));
    }
    assert_eq!(facts.updates[0].id.as_str(), "1");
}

#[test]
fn facts_of_an_old_pull_request_count_as_published() {
    let snapshot = json!({
        "state": "MERGED",
        "participants": [{ "user": { "uuid": "{bob}" }, "approved": true, "state": "approved" }],
    });
    let facts = PublishedFacts::at_first_sight(&snapshot, false);
    assert_eq!((facts.created, facts.state.as_deref()), (true, Some("MERGED")));
    assert_eq!(facts.reviews["{bob}"].state, ReviewState::Approved);
    let facts = PublishedFacts::at_first_sight(&snapshot, true);
    assert_eq!((facts.created, facts.state.as_deref(), facts.reviews.len()), (false, Some("OPEN"), 0));
}

#[test]
fn end_has_a_key_unless_it_is_superseded() {
    for (state, has_ended, key) in [
        ("OPEN", false, None),
        ("MERGED", true, Some(EventKey::PullRequestFulfilled)),
        ("DECLINED", true, Some(EventKey::PullRequestRejected)),
        ("SUPERSEDED", true, None),
        ("DRAFT", false, None),
    ] {
        let found = (super::has_ended(&json!({ "state": state })), end_key(state));
        assert_eq!(found, (has_ended, key), "{state}");
    }
}

#[test]
fn report_of_an_end_is_recorded() {
    for (key, state) in [
        (EventKey::PullRequestFulfilled, Some("MERGED")),
        (EventKey::PullRequestRejected, Some("DECLINED")),
        (EventKey::PullRequestUpdated, None),
    ] {
        let mut facts = PublishedFacts::default();
        facts.record_webhook(&key, None, &Value::Null);
        assert_eq!((facts.state.as_deref(), facts.created), (state, false), "{key}");
    }
}
