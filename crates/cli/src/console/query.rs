//! The filters in the address of a page, and back.

use std::str::FromStr;

use bitbucket::{EventKey, PullRequestId};
use jiff::Timestamp;
use relay::{LinkId, Source};
use store::reading::EventFilter;

use crate::args::Moment;
use crate::log::Cursor;

/// The filters of the feed, as the address has them.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

/// The names of the filters, as flags of `events list`.
const FILTERS: [&str; 7] = ["link", "repository", "pr", "key", "source", "since", "until"];

impl Query {
    /// Reads the query of an address. Empty values count as missing: a form sends all of its fields.
    pub(super) fn parse(raw: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned();
        Self { pairs: pairs.filter(|(_, value)| !value.trim().is_empty()).collect() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(of, _)| of == name).map(|(_, value)| value.trim())
    }

    /// True if any filter is set.
    pub(super) fn filters(&self) -> bool {
        self.pairs.iter().any(|(name, _)| FILTERS.contains(&name.as_str()))
    }

    /// Returns an address with these filters and one more parameter.
    pub(super) fn address(&self, path: &str, more: Option<(&str, &str)>) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| FILTERS.contains(&name.as_str()));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept.chain(more)).finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// Returns the filter of the log, and a sentence for each value that is none. `link` is the console's own.
    pub(super) fn filter(&self, link: Option<&LinkId>, now: Timestamp) -> (EventFilter, Vec<String>) {
        let mut wrong = Vec::new();
        let link = self.value("link", "a link's id", &mut wrong).or_else(|| link.cloned());
        let number = |text: &str| text.trim_start_matches('#').parse().map(PullRequestId).ok();
        let source = |text: &str| match text {
            "webhook" => Some(Source::Webhook),
            "poll" => Some(Source::Poll),
            _ => None,
        };
        let moment = |text: &str| Some(text.parse::<Moment>().ok()?.resolve(now));
        let filter = EventFilter {
            link,
            id: None,
            repository: self.value("repository", "`workspace/slug` or a UUID", &mut wrong),
            pull_request: self.read("pr", "a pull request's number", number, &mut wrong),
            key: self.read("key", "an event key", |text| EventKey::parse(text).ok(), &mut wrong),
            source: self.read("source", "webhook or poll", source, &mut wrong),
            since: self.read("since", "a time, a day, or an age such as 2h", moment, &mut wrong),
            until: self.read("until", "a time, a day, or an age such as 2h", moment, &mut wrong),
        };
        (filter, wrong)
    }

    /// Returns the place from which a page continues.
    pub(super) fn before(&self) -> Option<Cursor> {
        self.get("before")?.parse().ok()
    }

    fn value<T: FromStr>(&self, name: &str, kind: &str, wrong: &mut Vec<String>) -> Option<T> {
        self.read(name, kind, |text| text.parse().ok(), wrong)
    }

    fn read<T>(
        &self,
        name: &str,
        kind: &str,
        read: impl Fn(&str) -> Option<T>,
        wrong: &mut Vec<String>,
    ) -> Option<T> {
        let text = self.get(name)?;
        let value = read(text);
        if value.is_none() {
            wrong.push(format!("{name}: “{text}” is not {kind}; the filter is ignored"));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_gives_the_filter_and_back() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let query =
            Query::parse(Some("repository=acme%2Fwidgets&pr=%237&key=&source=poll&since=2h&before=x"));
        let (filter, wrong) = query.filter(None, now);
        assert_eq!(wrong, [""; 0]);
        assert_eq!(filter.pull_request, Some(PullRequestId(7)));
        assert_eq!((filter.source, filter.key), (Some(Source::Poll), None));
        assert_eq!(filter.since, Some("2026-11-24T08:00:00Z".parse().unwrap()));
        assert_eq!(
            query.address("/", Some(("before", "y"))),
            "/?repository=acme%2Fwidgets&pr=%237&source=poll&since=2h&before=y"
        );
    }

    #[test]
    fn wrong_value_is_named_and_ignored() {
        let (filter, wrong) =
            Query::parse(Some("pr=seven&source=rumour")).filter(None, Timestamp::UNIX_EPOCH);
        assert_eq!((filter.pull_request, filter.source), (None, None));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
