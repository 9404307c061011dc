use super::*;
use crate::state::Finding;
use crate::testing::at;

fn revision(text: &str, second: i64, found: bool) -> Revision {
    Revision { hash: Some(text.to_owned()), updated_on: Some(at(second)), ordinal: 0, found }
}

fn a_comment(revisions: &[Revision]) -> CommentState {
    CommentState {
        version: 1,
        revisions: revisions.iter().cloned().collect(),
        changed_at: at(500),
        resolution: None,
        lifted: None,
        deleted: false,
        revived: 0,
        creation_unpublished: false,
        doubts: Vec::new(),
        thread: false,
    }
}

#[test]
fn deleted_comment_is_expected_only_in_doubt() {
    let mut comment = a_comment(&[]);
    assert!(comment.is_expected());
    comment.deleted = true;
    assert!(!comment.is_expected());
    comment.doubts.push(Doubt { finding: Finding::Gone, since: at(0) });
    assert!(!comment.is_expected());
    comment.doubts.push(Doubt { finding: Finding::Exists, since: at(0) });
    assert!(comment.is_expected());
}

#[test]
fn last_change_is_the_latest_time() {
    let mut comment = a_comment(&[]);
    assert_eq!(comment.last_shown_change(), at(500), "without any other time");
    comment.push(revision("a", 100, false));
    assert_eq!((comment.last_shown_change(), comment.last_change()), (at(100), at(500)));
    comment.lifted = Some(Resolved::new(Some(at(200))));
    assert_eq!(comment.last_shown_change(), at(200));
    comment.resolution = Some(Resolved::new(Some(at(600))));
    assert_eq!((comment.last_shown_change(), comment.last_change()), (at(600), at(600)));
}

#[test]
fn edit_that_a_poll_found_is_known_by_its_text_and_an_earlier_time() {
    let (before, found) = (revision("a", 100, false), revision("b", 300, true));
    let again = Revision { updated_on: Some(at(400)), found: true, ..found.clone() };
    let comment = a_comment(&[before.clone(), found.clone(), again]);
    let of = |second: i64| comment.found_edit(Some(at(second)));
    assert_eq!(of(200), Some(&found), "the first of the same text");
    assert_eq!(of(101), Some(&found));
    assert_eq!(of(100), None, "the text before has that time");
    assert_eq!(of(99), None);
    assert_eq!(of(299), Some(&found));
    assert_eq!(of(300).unwrap().updated_on, Some(at(400)));
    assert_eq!(of(400), None);
    let reported = a_comment(&[before, Revision { found: false, ..found }]);
    assert_eq!(reported.found_edit(Some(at(200))), None);
}

#[test]
fn usual_values_take_no_room_in_the_table() {
    let stored = serde_json::to_value(a_comment(&[])).unwrap();
    for field in ["revived", "creation_unpublished", "doubts", "thread"] {
        assert_eq!(stored.get(field), None, "{field}");
    }
}

#[test]
fn newest_revisions_are_kept() {
    let seconds = |comment: &CommentState| {
        comment.revisions.iter().map(|one| one.updated_on.unwrap().as_second()).collect::<Vec<_>>()
    };
    let mut comment = a_comment(&[]);
    (0..20).for_each(|second| comment.push(revision("a", second, false)));
    assert_eq!(seconds(&comment), (4..20).collect::<Vec<_>>());
    comment.keep_revisions(16);
    assert_eq!(comment.revisions.len(), 16);
    comment.keep_revisions(2);
    assert_eq!(seconds(&comment), [18, 19]);
    comment.keep_revisions(0);
    assert!(comment.revisions.is_empty());
}
