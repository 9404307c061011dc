//! Filters of events, and their expressions for DynamoDB.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use bitbucket::{EventKey, PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::{LinkId, Source, Subject};
use serde_dynamo::Item;

use super::summary::EventSummary;
use crate::Error;
use crate::codec::{FactItem, corrupt, keys, read};

/// A filter of events. The default passes all.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only events of this link.
    pub link: Option<LinkId>,
    /// Only events of this repository.
    pub repository: Option<RepositoryFilter>,
    /// Only events of the pull request with this number.
    pub pull_request: Option<PullRequestId>,
    /// Only events with this key.
    pub key: Option<EventKey>,
    /// Only events from this source.
    pub source: Option<Source>,
    /// Only events observed at this time or later.
    pub since: Option<Timestamp>,
    /// Only events observed before this time.
    pub until: Option<Timestamp>,
}

/// A person's name for a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryFilter {
    /// Its UUID, or the id in its events.
    Id(RepositoryId),
    /// Its full name `workspace/slug`, in lower case.
    FullName(String),
}

impl FromStr for RepositoryFilter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = RepositoryId::new(text);
        if !id.is_plausible() {
            return Err("a repository is named `workspace/slug` or by its UUID");
        }
        match id.as_str().split('/').collect::<Vec<_>>().as_slice() {
            [_] => Ok(Self::Id(id)),
            [workspace, slug] if !workspace.is_empty() && !slug.is_empty() => {
                Ok(Self::FullName(id.as_str().to_owned()))
            }
            _ => Err("a repository is named `workspace/slug` or by its UUID"),
        }
    }
}

impl RepositoryFilter {
    /// True if the event is about this repository. An old payload may have no UUID; its id is the full name then.
    fn passes(&self, event: &EventSummary) -> bool {
        let id = event.subject.repository();
        match self {
            Self::Id(wanted) => id == Some(wanted),
            Self::FullName(wanted) => {
                event.repository_name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
                    || id.is_some_and(|id| id.as_str() == wanted)
            }
        }
    }
}

impl EventFilter {
    /// True if an event passes the filter.
    pub fn passes(&self, event: &EventSummary) -> bool {
        let of_pull_request = |wanted: PullRequestId| matches!(&event.subject, Subject::PullRequest { id, .. } if *id == wanted);
        self.link.as_ref().is_none_or(|link| *link == event.link)
            && self.repository.as_ref().is_none_or(|repository| repository.passes(event))
            && self.pull_request.is_none_or(of_pull_request)
            && self.key.as_ref().is_none_or(|key| *key == event.key)
            && self.source.is_none_or(|source| source == event.source)
            && self.since.is_none_or(|since| since <= event.observed_at)
            && self.until.is_none_or(|until| event.observed_at < until)
    }

    /// Returns the only partition that can hold such events, if the filter names it.
    fn partition(&self) -> Option<String> {
        let (Some(link), Some(RepositoryFilter::Id(repository)), Some(id)) =
            (&self.link, &self.repository, self.pull_request)
        else {
            return None;
        };
        keys::subject(link, &Subject::PullRequest { repository: repository.clone(), id }).ok()
    }
}

/// A filter as DynamoDB's expression. It is for *economy*: its results are filtered again, exactly.
pub(super) struct Expression {
    /// The only partition to read.
    pub(super) partition: Option<String>,
    pub(super) filter: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

impl Expression {
    pub(super) fn of(filter: &EventFilter) -> Self {
        let wanted = [
            ("kind", Some("event".to_owned())),
            ("link", filter.link.as_ref().map(ToString::to_string)),
            ("key", filter.key.as_ref().map(ToString::to_string)),
            ("source", filter.source.map(|source| source.as_str().to_owned())),
        ];
        let wanted = wanted.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self { partition: filter.partition(), ..Self::equal(wanted) }
    }

    /// Finds the marker of a fact. A query's filter may not use an attribute of a key, so this needs a scan of the
    /// whole table.
    pub(super) fn of_fact(id: &str) -> Self {
        Self::equal([("sk", format!("fact#{id}"))])
    }

    fn equal(wanted: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let mut terms = Vec::new();
        let (mut names, mut values) = (HashMap::new(), HashMap::new());
        for (name, value) in wanted {
            terms.push(format!("#{name} = :{name}"));
            names.insert(format!("#{name}"), name.to_owned());
            values.insert(format!(":{name}"), AttributeValue::S(value));
        }
        Self { partition: None, filter: terms.join(" AND "), names, values }
    }
}

/// The location of an event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLocation {
    /// Its link.
    pub link: LinkId,
    /// Its subject.
    pub subject: Subject,
    /// Its number in the subject's order.
    pub sequence: u64,
}

/// Reads the location of an event from the item of its fact.
pub(super) fn location(item: &Item) -> Result<EventLocation, Error> {
    let fact: FactItem = read(item.clone())?;
    let (link, subject) =
        keys::parse_subject(&fact.pk).map_err(|error| corrupt(&fact.pk, &fact.sk, &error))?;
    Ok(EventLocation { link, subject, sequence: fact.sequence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_is_named_by_uuid_or_full_name() {
        let id = RepositoryFilter::Id(RepositoryId::new("0a1b"));
        assert_eq!("{0A1B}".parse(), Ok(id));
        assert_eq!("Acme/Widgets".parse(), Ok(RepositoryFilter::FullName("acme/widgets".to_owned())));
        for bad in ["", "/", "acme/", "/widgets", "a/b/c", "a b"] {
            assert!(bad.parse::<RepositoryFilter>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn link_uuid_and_number_name_one_partition() {
        let filter = EventFilter {
            link: Some("acme".parse().unwrap()),
            repository: Some("0a1b".parse().unwrap()),
            pull_request: Some(PullRequestId(7)),
            ..EventFilter::default()
        };
        assert_eq!(filter.partition().unwrap(), "acme#pullrequest/0a1b/7");
        let by_name = EventFilter { repository: Some("acme/widgets".parse().unwrap()), ..filter.clone() };
        assert_eq!(by_name.partition(), None);
        assert_eq!(EventFilter { link: None, ..filter }.partition(), None);
    }
}
