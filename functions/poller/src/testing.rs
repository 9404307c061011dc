//! A poller for unit tests: a table and links in memory, and a Bitbucket that never answers.

use bitbucket::Credential;
use bitbucket::client::{Api, Client};
use jiff::Timestamp;
use relay::budget::Reservation;
use relay::observation::RepositoryObservation;
use relay::{Account, AccountKind, LinkId, Observation, Reason, Settings, Subject, Watch};
use store::memory::{ManualClock, MemoryLinks, MemoryTable};
use store::{CachedLinks, DueWatch};

use crate::spender::Spender;
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

/// Has a link sweep a repository from this time on.
pub(crate) async fn names_repository(poller: &UnitPoller, link: &LinkId, number: usize, at: Timestamp) {
    let subject = format!("repository/{number:04}").parse().unwrap();
    let repository = serde_json::json!({ "uuid": format!("{{{number:04}}}"), "full_name": "acme/widgets" });
    let named = RepositoryObservation::Named { repository, first_sweep_at: at };
    poller.record(link, &subject, &Observation::Repository(named), None).await.unwrap();
}

/// A due watch of a subject.
pub(crate) fn due(subject: &str, reason: Reason) -> DueWatch {
    let watch = Watch { due_at: START, reason, deadline: None };
    DueWatch { link: "acme".parse().unwrap(), subject: subject.parse().unwrap(), watch }
}

/// A client that may make so many calls.
pub(crate) fn client(poller: &UnitPoller, token: &str, calls: u32) -> Client {
    poller.api.client(Credential::Bearer { token: token.into() }, calls)
}

/// Ten calls of a person.
pub(crate) fn spender(poller: &UnitPoller, name: &str) -> Spender {
    let reserved = Reservation { minute: 0, calls: 10, is_near_limit: false, is_unsigned: false };
    let client = client(poller, name, reserved.calls);
    Spender { client, account: Account::new(AccountKind::User, name), reserved }
}
