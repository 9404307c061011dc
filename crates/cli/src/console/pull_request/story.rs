//! The story of a pull request: its events in the order in which they happened, with edits as differences. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use bitbucket::EventKey;
use jiff::{SignedDuration, Timestamp};
use relay::{Change, Event, Source};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::console::words::{self, clean};

/// Longest time for one difference. After it, the difference is coarser.
const DIFF_TIMEOUT: Duration = Duration::from_millis(100);

/// Two texts that share less than this are shown one after the other.
const LEAST_ALIKE: f32 = 0.3;

/// One event of the story.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Time of the fact; of its observation, if Bitbucket gives none.
    pub(super) at: Timestamp,
    pub(super) observed_at: Timestamp,
    /// Time from the fact to its observation, if Bitbucket gives the fact's time.
    pub(super) late: Option<SignedDuration>,
    pub(super) source: Source,
    pub(super) trusted: bool,
    pub(super) key: EventKey,
    pub(super) sequence: u64,
    pub(super) who: Option<String>,
    pub(super) act: String,
    pub(super) body: Body,
}

/// The text of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Nothing,
    /// A text as it was typed.
    Text(String),
    /// A text that replaced another, and a name for it.
    Edit(Vec<Piece>),
    /// A text whose earlier form is in no event of this page.
    OnlyNew(String),
}

/// A piece of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) tag: Tag,
    pub(super) text: String,
}

/// The part that a piece plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Same,
    Removed,
    Added,
}

impl Entry {
    /// True if Bitbucket was silent about an edit, and a poll found it.
    pub(super) fn is_silent_edit(&self) -> bool {
        self.source == Source::Poll && matches!(self.body, Body::Edit(_) | Body::OnlyNew(_))
    }
}

/// Tells the story of some events of one pull request, given in the order of their sequence.
pub(super) fn tell(events: &[Event]) -> Vec<Entry> {
    let mut texts = Texts::default();
    let mut entries: Vec<_> = events.iter().map(|event| entry(event, &mut texts)).collect();
    entries.sort_by_key(|entry| (entry.at, entry.sequence));
    entries
}

/// The newest text of each comment and task.
#[derive(Default)]
struct Texts(BTreeMap<(&'static str, u64), String>);

impl Texts {
    /// Notes the text of a comment or task, and returns its earlier one.
    fn note(&mut self, thing: &'static str, value: &Value) -> Option<(Option<String>, String)> {
        let id = value.get("id")?.as_u64()?;
        let text = clean(value.pointer("/content/raw")?.as_str()?);
        Some((self.0.insert((thing, id), text.clone()), text))
    }
}

fn entry(event: &Event, texts: &mut Texts) -> Entry {
    let payload: Value = serde_json::from_slice(&event.payload).unwrap_or_default();
    let said = words::describe(event, &payload);
    let thing = ["comment", "task"].into_iter().find_map(|thing| Some((thing, payload.get(thing)?)));
    let noted = thing.and_then(|(thing, value)| texts.note(thing, value));
    let is_edit = matches!(event.key, EventKey::CommentUpdated | EventKey::TaskUpdated);
    let body = match noted {
        Some((Some(before), text)) if is_edit => Body::Edit(difference(&before, &text)),
        Some((None, text)) if is_edit => Body::OnlyNew(text),
        _ => edited_fields(event).or_else(|| said.quote.map(Body::Text)).unwrap_or(Body::Nothing),
    };
    Entry {
        at: event.occurred_at.unwrap_or(event.observed_at),
        observed_at: event.observed_at,
        late: words::lateness(event),
        source: event.source,
        trusted: event.trusted,
        key: event.key.clone(),
        sequence: event.sequence,
        who: words::name(event.actor.as_ref()),
        act: said.act,
        body,
    }
}

/// Returns the difference of a changed title or description.
fn edited_fields(event: &Event) -> Option<Body> {
    let changes = event.changes.as_deref()?;
    changes.iter().find_map(|change| match change {
        Change::Title { from, to } | Change::Description { from: Some(from), to: Some(to) } => {
            Some(Body::Edit(difference(&clean(from), &clean(to))))
        }
        _ => None,
    })
}

/// Compares two texts word by word. Texts with little in common are shown whole.
pub(super) fn difference(before: &str, after: &str) -> Vec<Piece> {
    let diff = TextDiff::configure().timeout(DIFF_TIMEOUT).diff_words(before, after);
    if diff.ratio() < LEAST_ALIKE {
        let whole = |tag, text: &str| Piece { tag, text: text.to_owned() };
        return vec![whole(Tag::Removed, before), whole(Tag::Added, after)];
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for change in diff.iter_all_changes() {
        let tag = match change.tag() {
            ChangeTag::Equal => Tag::Same,
            ChangeTag::Delete => Tag::Removed,
            ChangeTag::Insert => Tag::Added,
        };
        match pieces.last_mut() {
            Some(last) if last.tag == tag => last.text.push_str(change.value()),
            _ => pieces.push(Piece { tag, text: change.value().to_owned() }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(before: &str, after: &str) -> Vec<(Tag, String)> {
        difference(before, after).into_iter().map(|piece| (piece.tag, piece.text)).collect()
    }

    #[test]
    fn changed_word_is_marked() {
        let expected = [
            (Tag::Same, "Please add a ".to_owned()),
            (Tag::Removed, "tset.".to_owned()),
            (Tag::Added, "test.".to_owned()),
        ];
        assert_eq!(pieces("Please add a tset.", "Please add a test."), expected);
    }

    #[test]
    fn different_texts_are_shown_whole() {
        let [(removed, before), (added, after)] =
            pieces("Why?", "Never mind, I see it now").try_into().unwrap();
        assert_eq!((removed, added), (Tag::Removed, Tag::Added));
        assert_eq!((before.as_str(), after.as_str()), ("Why?", "Never mind, I see it now"));
    }
}
