//! Filters of events, and their expressions for DynamoDB.

use std::str::FromStr;

use bitbucket::{EventKey, PullRequestId, RepositoryId};
use jiff::Timestamp;
use relay::{LinkId, Source, Subject};

use super::summary::EventSummary;

/// A filter of events. By default, every event passes.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only events of this link.
    pub link: Option<LinkId>,
    /// Only the event with this id.
    pub id: Option<String>,
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

/// A repository, as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryFilter {
    /// Its UUID; or the id in its events, if they have no UUID.
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
            && self.id.as_ref().is_none_or(|id| *id == event.id.as_str())
            && self.repository.as_ref().is_none_or(|repository| repository.passes(event))
            && self.pull_request.is_none_or(of_pull_request)
            && self.key.as_ref().is_none_or(|key| *key == event.key)
            && self.source.is_none_or(|source| source == event.source)
            && self.since.is_none_or(|since| since <= event.observed_at)
            && self.until.is_none_or(|until| event.observed_at < until)
    }

    /// Returns the pull request, if the filter names its repository by id and its number. No other subject can match.
    pub(super) fn subject(&self) -> Option<Subject> {
        let (Some(RepositoryFilter::Id(repository)), Some(id)) = (&self.repository, self.pull_request) else {
            return None;
        };
        Some(Subject::PullRequest { repository: repository.clone(), id })
    }

    /// True if `since` is not before `until`, so that no event can pass.
    pub(super) fn is_empty_span(&self) -> bool {
        self.since.zip(self.until).is_some_and(|(since, until)| since >= until)
    }

    /// True if it leaves out some of the events that are read: it has conditions besides link and time.
    pub(super) const fn leaves_out(&self) -> bool {
        self.id.is_some()
            || self.repository.is_some()
            || self.pull_request.is_some()
            || self.key.is_some()
            || self.source.is_some()
    }

    /// Returns the conditions that DynamoDB can check. This is for *economy*: [`Self::passes`] decides in the end.
    pub(super) fn expression(&self) -> Expression {
        let wanted = [
            ("id", self.id.clone()),
            ("key", self.key.as_ref().map(ToString::to_string)),
            ("source", self.source.map(|source| source.as_str().to_owned())),
        ];
        Expression(wanted.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }
}

/// Attributes of an item, and the values that they must have.
pub(super) struct Expression(pub(super) Vec<(&'static str, String)>);

impl Expression {
    pub(super) fn and(mut self, name: &'static str, value: &str) -> Self {
        self.0.push((name, value.to_owned()));
        self
    }

    /// Returns the expression with the alias `#name` and the value `:name` for each attribute; `None` if it is empty.
    pub(super) fn terms(&self) -> Option<String> {
        let terms: Vec<_> = self.0.iter().map(|(name, _)| format!("#{name} = :{name}")).collect();
        (!terms.is_empty()).then(|| terms.join(" AND "))
    }
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
    fn span_without_a_moment_is_empty() {
        let at = |seconds: Option<i64>| seconds.map(|seconds| Timestamp::from_second(seconds).unwrap());
        for (since, until, expected) in [
            (Some(1), Some(2), false),
            (Some(2), Some(2), true),
            (Some(3), Some(2), true),
            (Some(3), None, false),
            (None, Some(2), false),
        ] {
            let filter = EventFilter { since: at(since), until: at(until), ..EventFilter::default() };
            assert_eq!(filter.is_empty_span(), expected, "{filter:?}");
        }
    }

    #[test]
    fn only_link_and_time_are_read_without_leaving_events_out() {
        let none = EventFilter::default;
        let of_link = EventFilter { link: Some("acme".parse().unwrap()), ..none() };
        let of_time =
            EventFilter { since: Some(Timestamp::UNIX_EPOCH), until: Some(Timestamp::MAX), ..none() };
        for filter in [none(), of_link, of_time] {
            assert!(!filter.leaves_out(), "{filter:?}");
        }
        for filter in [
            EventFilter { id: Some("1".to_owned()), ..none() },
            EventFilter { repository: Some("acme/widgets".parse().unwrap()), ..none() },
            EventFilter { pull_request: Some(PullRequestId(7)), ..none() },
            EventFilter { key: Some(EventKey::CommentUpdated), ..none() },
            EventFilter { source: Some(Source::Poll), ..none() },
        ] {
            assert!(filter.leaves_out(), "{filter:?}");
        }
    }

    #[test]
    fn uuid_and_number_name_one_subject() {
        let filter = EventFilter {
            repository: Some("0a1b".parse().unwrap()),
            pull_request: Some(PullRequestId(7)),
            ..EventFilter::default()
        };
        assert_eq!(filter.subject().unwrap().to_string(), "pullrequest/0a1b/7");
        let by_name = EventFilter { repository: Some("acme/widgets".parse().unwrap()), ..filter };
        assert_eq!(by_name.subject(), None);
    }
}
