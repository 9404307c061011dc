//! A poller for unit tests: a table and links in memory, and a Bitbucket that never answers.

use bitbucket::client::Api;
use jiff::Timestamp;
use relay::observation::RepositoryObservation;
use relay::{Observation, Settings, Subject};
use store::CachedLinks;
use store::memory::{ManualClock, MemoryLinks, MemoryTable};

use crate::{Poller, PollerSettings};

pub(crate) type UnitPoller = Poller<MemoryTable, MemoryLinks, ManualClock>;

/// Time at which each poller begins.
pub(crate) const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// Returns a poller with one link, `acme`, which has these fields.
pub(crate) fn poller(fields: &str) -> UnitPoller {
    let links = MemoryLinks::default();
    links
        .set(&"acme".parse().unwrap(), format!(r#"{{"version":1,"template":"t","unsigned":true,{fields}}}"#));
    Poller::new(
        MemoryTable::default(),
        CachedLinks::new(links),
        Api::new("http://127.0.0.1:1").unwrap(),
        ManualClock::at(START),
        Settings::default(),
        PollerSettings::default(),
    )
}

/// Stores a repository as Bitbucket confirmed it.
pub(crate) async fn confirm(poller: &UnitPoller, subject: &Subject) {
    let answer = serde_json::json!({ "uuid": "{0a1b}", "full_name": "acme/widgets" });
    let observation = Observation::Repository(RepositoryObservation::Confirmed(answer));
    poller.record(&"acme".parse().unwrap(), subject, &observation, None).await.unwrap();
}
