//! Checks the budget of API calls and Bitbucket's own limit.

use jiff::Timestamp;
use relay::LinkId;
use relay::budget::Budget;
use store::Documents;

use super::check::Check;
use crate::Error;
use crate::output::time;
use crate::session::Session;

const NAME: &str = "budget";

/// Advice if other programs spend calls.
const OWN_CREDENTIAL: &str =
    "other programs may use the same credential; give bitrelay a credential of its own";

/// Divisor of the budget below which doctor warns, because polls become less frequent: a tenth.
const LOW_BUDGET_PART: u32 = 10;

/// Reads the spent calls from the table.
pub(super) async fn check(session: &mut Session<'_, '_>, link: &LinkId) -> Check {
    let now = session.now();
    let read = async {
        let limit = session.calls_per_hour().await?;
        let Some(account) = session.account(link).await? else { return Ok(None) };
        Ok::<_, Error>(Some((session.table().await?.read_document(&account).await?, limit)))
    };
    let (budget, limit) = match read.await {
        Ok(Some(read)) => read,
        Ok(None) => return Check::ok(NAME, "the link has no credential that spends calls"),
        Err(error) => return Check::failed(NAME, &error),
    };
    judge(&budget, limit, now)
}

/// Judges a budget with a `limit` of `CallsPerHour`, the most urgent finding first.
fn judge(budget: &Budget, limit: u32, now: Timestamp) -> Check {
    let (left, allowed) = (budget.left(now, limit), budget.allowed(now, limit));
    let found = format!("{left} of {allowed} calls left in this hour");
    if let Some(until) = budget.blocked(now) {
        let found = format!("{found}, but Bitbucket accepts none until {}", time(until));
        return Check::warn(NAME, found, OWN_CREDENTIAL);
    }
    if budget.is_near_by_others(now, limit) {
        let found =
            format!("{found}, but Bitbucket reports that few are left: other programs spend them too");
        return Check::warn(NAME, found, OWN_CREDENTIAL);
    }
    if left < allowed / LOW_BUDGET_PART {
        return Check::warn(
            NAME,
            found,
            "edits are found later; deadlines are polled first and no edit is lost",
        );
    }
    match budget.named_calls(now) {
        Some(named) if named < limit => Check::warn(
            NAME,
            format!("{found}: CallsPerHour is {limit}, and Bitbucket allows this credential {named}"),
            format!("set CallsPerHour to {named} at most; until then the poller keeps to {named}"),
        ),
        Some(named) if could_be_raised(limit, named) => {
            let found =
                format!("{found}; Bitbucket allows this credential {named}: CallsPerHour could be raised");
            Check::ok(NAME, found)
        }
        _ => Check::ok(NAME, found),
    }
}

/// True if Bitbucket allows clearly more: a tenth stays for the user's other programs.
const fn could_be_raised(limit: u32, named: u32) -> bool {
    (limit as u64) * 10 < (named as u64) * 9
}

#[cfg(test)]
mod tests {
    use bitbucket::RateLimit;

    use super::*;

    /// Returns the check's line one minute after Bitbucket reported a limit, with `CallsPerHour` 900 and 20 calls made.
    fn line(named: u32, is_near: bool) -> String {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut budget = Budget::default();
        let mut unused = budget.reserve(at(0), 900, 20);
        unused.calls = 0;
        let reported = RateLimit { calls_per_hour: Some(named), near_limit: Some(is_near) };
        budget.settle(at(0), unused, Some(reported));
        judge(&budget, 900, at(60)).line()
    }

    #[test]
    fn limit_below_ours_is_a_warning() {
        assert_eq!(
            line(200, false),
            "warn  budget      180 of 200 calls left in this hour: CallsPerHour is 900, and Bitbucket allows this credential 200\n      \
             -> set CallsPerHour to 200 at most; until then the poller keeps to 200"
        );
    }

    #[test]
    fn only_a_far_higher_limit_is_suggested() {
        let far = "ok    budget      880 of 900 calls left in this hour; Bitbucket allows this credential 2500: CallsPerHour could be raised";
        assert_eq!(line(2_500, false), far);
        assert_eq!(line(1_000, false), "ok    budget      880 of 900 calls left in this hour");
    }

    #[test]
    fn calls_of_other_programs_are_a_warning() {
        assert_eq!(
            line(1_000, true),
            "warn  budget      880 of 900 calls left in this hour, but Bitbucket reports that few are left: other programs spend them too\n      \
             -> other programs may use the same credential; give bitrelay a credential of its own"
        );
    }
}
