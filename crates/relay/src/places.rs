//! The repositories that a link's owner names to be swept, one by one or a whole workspace, and what became of each name.
//! Without them a repository is swept from its first webhook on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::settings::{Settings, later};
use crate::watch::{Reason, Watch};

/// The most repositories that a link can name. A secret, which holds the names, has at most 64 KB
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>).
pub const MAX_REPOSITORIES: usize = 500;

/// The most workspaces that a link can name.
pub const MAX_WORKSPACES: usize = 20;

/// The longest name of a workspace or a repository: slugs have at most 62 characters.
const MAX_NAME_CHARS: usize = 62;

/// How far apart the listings of a workspace are, and the tries of a name that could not be read: an hour. A new repository
/// of a workspace is found within it.
const LIST_SECONDS: u32 = 3_600;

/// How far apart the looks at a named repository are that was found: a day. It is swept by its UUID, which a new name does not
/// change; only another repository under the old name does.
const CONFIRM_SECONDS: u32 = 86_400;

/// The most places that one turn of the poller looks up. Each is a call, or a call a hundred repositories.
pub const MAX_LOOKUPS: usize = 20;

/// A place to sweep: `workspace/slug`, or `workspace` for all of its repositories.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// All repositories of a workspace, also those that are made later.
    Workspace(String),
    /// One repository.
    Repository {
        /// Its workspace.
        workspace: String,
        /// Its name there.
        slug: String,
    },
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '{' | '}');
        let is_name = |name: &str| {
            (1..=MAX_NAME_CHARS).contains(&name.len())
                && !matches!(name, "." | "..")
                && name.chars().all(allowed)
        };
        // Bitbucket does not tell capitals apart; two spellings would be one place twice.
        let text = text.to_ascii_lowercase();
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [workspace] if is_name(workspace) => Ok(Self::Workspace((*workspace).to_owned())),
            [workspace, slug] if is_name(workspace) && is_name(slug) => {
                Ok(Self::Repository { workspace: (*workspace).to_owned(), slug: (*slug).to_owned() })
            }
            _ => Err(Error::PlaceInvalid),
        }
    }
}

impl TryFrom<String> for Place {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace(workspace) => f.write_str(workspace),
            Self::Repository { workspace, slug } => write!(f, "{workspace}/{slug}"),
        }
    }
}

/// The places of one link: not more than can be looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<Place>", into = "BTreeSet<Place>")]
pub struct Places(BTreeSet<Place>);

impl Places {
    /// The places, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Place> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeSet<Place>> for Places {
    type Error = Error;

    fn try_from(places: BTreeSet<Place>) -> Result<Self, Error> {
        let workspaces = places.iter().filter(|place| matches!(place, Place::Workspace(_))).count();
        if workspaces > MAX_WORKSPACES || places.len() - workspaces > MAX_REPOSITORIES {
            return Err(Error::TooManyPlaces { repositories: MAX_REPOSITORIES, workspaces: MAX_WORKSPACES });
        }
        Ok(Self(places))
    }
}

impl From<Places> for BTreeSet<Place> {
    fn from(places: Places) -> Self {
        places.0
    }
}

/// What is known of a link's places: the state of [`crate::Subject::Link`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkState {
    /// What is to be swept.
    pub places: Places,
    /// What the last look at each place gave.
    pub looks: BTreeMap<Place, Look>,
}

/// What a look at a place gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When it was made, by our clock.
    pub at: Timestamp,
    /// What it gave.
    pub found: Found,
}

/// What Bitbucket says of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// So many repositories, all of which are swept now.
    Repositories(u32),
    /// That it is not there, or may not be seen with the link's credential.
    Nothing,
}

impl LinkState {
    /// Takes up what is configured. What was looked up of a place that stays is still true.
    pub(crate) fn configure(&mut self, places: &Places) {
        self.places = places.clone();
        self.looks.retain(|place, _| places.0.contains(place));
    }

    /// Notes looks; those at places that are not configured any more tell nothing.
    pub(crate) fn note(&mut self, looks: &BTreeMap<Place, Look>) {
        let wanted = looks.iter().filter(|(place, _)| self.places.0.contains(place));
        self.looks.extend(wanted.map(|(place, look)| (place.clone(), *look)));
    }

    /// Puts off what is due: the link cannot be used, and nothing says when it can be again.
    pub(crate) fn put_off(&mut self, now: Timestamp) {
        for place in self.due(now) {
            self.looks.insert(place, Look { at: now, found: Found::Nothing });
        }
    }

    /// The places to look at now, the longest due first.
    pub fn due(&self, now: Timestamp) -> Vec<Place> {
        let due = self.places.iter().map(|place| (self.due_at(place, now), place));
        let mut due: Vec<_> = due.filter(|(at, _)| *at <= now).collect();
        due.sort();
        due.into_iter().map(|(_, place)| place.clone()).collect()
    }

    fn due_at(&self, place: &Place, now: Timestamp) -> Timestamp {
        match (self.looks.get(place), place) {
            (None, _) => now,
            (Some(Look { at, found: Found::Repositories(_) }), Place::Repository { .. }) => {
                later(*at, CONFIRM_SECONDS)
            }
            (Some(look), _) => later(look.at, LIST_SECONDS),
        }
    }
}

/// When a link's places are looked up next.
pub(crate) fn plan(known: &LinkState, now: Timestamp, settings: &Settings) -> Option<Watch> {
    if settings.sweep_seconds == 0 {
        return None;
    }
    let due_at = known.places.iter().map(|place| known.due_at(place, now)).min()?;
    Some(Watch { due_at, reason: Reason::Repositories, deadline: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(texts: &[&str]) -> Places {
        texts.iter().map(|text| text.parse().unwrap()).collect::<BTreeSet<Place>>().try_into().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn look(second: i64, found: Found) -> Look {
        Look { at: at(second), found }
    }

    fn known(texts: &[&str], looks: &[(&str, Look)]) -> LinkState {
        let looks = looks.iter().map(|(place, look)| (place.parse().unwrap(), *look)).collect();
        LinkState { places: places(texts), looks }
    }

    #[test]
    fn a_place_reads_back_and_cannot_lead_elsewhere() {
        for text in ["acme", "acme/widgets", "{ab-1}/{cd-2}"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        assert_eq!("Acme/Widgets".parse::<Place>().unwrap().to_string(), "acme/widgets");
        for bad in ["", "/", "acme/", "../user", "a/b/c", "acme/..", "a b", "acme?x", &"a".repeat(63)] {
            assert!(bad.parse::<Place>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_link_names_no_more_places_than_can_be_looked_up() {
        let many = |count: usize, name: fn(usize) -> String| {
            let places = (0..count).map(|number| name(number).parse().unwrap()).collect::<BTreeSet<Place>>();
            Places::try_from(places).is_ok()
        };
        assert!(many(MAX_REPOSITORIES, |number| format!("acme/{number}")));
        assert!(!many(MAX_REPOSITORIES + 1, |number| format!("acme/{number}")));
        assert!(many(MAX_WORKSPACES, |number| format!("acme-{number}")));
        assert!(!many(MAX_WORKSPACES + 1, |number| format!("acme-{number}")));
    }

    #[test]
    fn a_workspace_is_listed_hourly_a_found_name_confirmed_daily_and_a_missing_one_tried_hourly() {
        let all = ["acme", "acme/gone", "acme/widgets"];
        let one = Found::Repositories(1);
        let looks = [
            ("acme", look(100, one)),
            ("acme/gone", look(0, Found::Nothing)),
            ("acme/widgets", look(0, one)),
        ];
        let known = known(&all, &looks);
        let due = |second: i64| {
            known.due(at(second)).into_iter().map(|place| place.to_string()).collect::<Vec<_>>()
        };
        assert!(due(3_599).is_empty());
        assert_eq!(due(3_600), ["acme/gone"]);
        assert_eq!(due(86_400), ["acme/gone", "acme", "acme/widgets"], "the longest due first");
        let watch = plan(&known, at(200), &Settings::default()).unwrap();
        assert_eq!((watch.due_at, watch.reason), (at(3_600), Reason::Repositories));
    }

    #[test]
    fn what_was_not_looked_at_is_due_at_once_and_without_places_or_sweeps_nothing_is() {
        let fresh = known(&["acme"], &[]);
        let off = Settings { sweep_seconds: 0, ..Settings::default() };
        assert_eq!(plan(&fresh, at(7), &Settings::default()).unwrap().due_at, at(7));
        assert_eq!(plan(&fresh, at(7), &off), None);
        assert_eq!(plan(&LinkState::default(), at(7), &Settings::default()), None);
    }

    #[test]
    fn a_place_that_is_added_is_due_and_those_that_stay_are_not_looked_up_again() {
        let mut state = known(&["acme/gears", "acme/widgets"], &[("acme/gears", look(0, Found::Nothing))]);
        state.note(&BTreeMap::from([
            ("acme/widgets".parse().unwrap(), look(9, Found::Repositories(1))),
            ("other".parse().unwrap(), look(9, Found::Repositories(3))),
        ]));
        assert_eq!(state.looks.len(), 2, "nobody asked about the other");
        state.configure(&places(&["acme", "acme/widgets"]));
        assert_eq!(state.due(at(10)), ["acme".parse().unwrap()]);
        state.put_off(at(10));
        assert_eq!(plan(&state, at(10), &Settings::default()).unwrap().due_at, at(3_610));
    }
}
