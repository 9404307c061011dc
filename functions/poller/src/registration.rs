//! Repositories to sweep: those with activity, and those that a link names.

use bitbucket::RepositoryId;
use jiff::Timestamp;
use relay::observation::RepositoryObservation;
use relay::polling::{is_registration_due, must_register_active, must_register_named};
use relay::{Observation, Subject, SubjectState};
use serde_json::Value;
use store::links::LinkSource;
use store::{Clock, DueWatch, Table};

use crate::error::Error;
use crate::poller::Poller;

/// Has the repository of a pull request swept often from now on, because it has activity. For *economy*, an instance
/// reads the repository's state once an hour. `confirmed` is the `repository` object as Bitbucket answered, if no
/// signature proves the other.
pub(crate) async fn register_active<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    due: &DueWatch,
    repository: &Value,
    confirmed: Option<&Value>,
) -> Result<(), Error> {
    let Some(id) = due.subject.repository() else { return Ok(()) };
    let (key, now) = ((due.link.clone(), id.clone()), poller.clock.now());
    if poller.settings.sweep_seconds == 0 || !is_registration_due(poller.registrations.get(&key), now) {
        return Ok(());
    }
    let observation = confirmed.map_or_else(
        || RepositoryObservation::Active(repository.clone()),
        |confirmed| RepositoryObservation::Confirmed(confirmed.clone()),
    );
    register_if(poller, due, id, observation, |state| must_register_active(state, now)).await?;
    poller.registrations.insert(key, now);
    Ok(())
}

/// Has a repository swept that a link names, from `first_sweep_at` on; returns true if it was not swept before.
pub(crate) async fn register_named<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    due: &DueWatch,
    id: &RepositoryId,
    repository: &Value,
    first_sweep_at: Timestamp,
) -> Result<bool, Error> {
    let observation = RepositoryObservation::Named { repository: repository.clone(), first_sweep_at };
    register_if(poller, due, id, observation, must_register_named).await
}

async fn register_if<T: Table, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    due: &DueWatch,
    id: &RepositoryId,
    observation: RepositoryObservation,
    must_register: impl FnOnce(&SubjectState) -> bool,
) -> Result<bool, Error> {
    let subject = Subject::Repository { repository: id.clone() };
    let state = poller.table.read(&due.link, &subject).await?;
    let registers = must_register(&state);
    if registers {
        poller.record(&due.link, &subject, &Observation::Repository(observation), Some(state)).await?;
    }
    Ok(registers)
}

#[cfg(test)]
mod tests {
    use relay::Reason;
    use serde_json::json;

    use super::*;
    use crate::testing::{due, poller};

    #[tokio::test]
    async fn repository_is_registered_once_an_hour_unless_sweeps_are_off() {
        let repository = json!({ "uuid": "{0a1b}", "full_name": "acme/widgets" });
        for (sweep_seconds, expected) in [(900, [1, 0, 1]), (0, [0, 0, 0])] {
            let mut poller = poller(r#""sweep":[]"#);
            poller.settings.sweep_seconds = sweep_seconds;
            let mut reads = Vec::new();
            for seconds in [0, 3_599, 1] {
                poller.clock.advance_seconds(seconds);
                let before = poller.table.calls().reads;
                let due = due("pullrequest/0a1b/7", Reason::WindowOpen);
                register_active(&poller, &due, &repository, None).await.unwrap();
                reads.push(poller.table.calls().reads - before);
            }
            assert_eq!(reads, expected, "a sweep each {sweep_seconds} s");
        }
    }
}
