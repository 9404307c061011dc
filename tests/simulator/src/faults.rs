//! Faults on request: webhooks that get lost, come twice or late, and API calls that fail or hang.

use crate::sight::{Lack, Sight};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest delay or hang that can be asked for.
const MAX_MS: u64 = 600_000;

/// Body of `POST /_control/faults`. Everything is optional and adds to the faults already pending.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRequest {
    /// This many of the next webhooks are never sent.
    #[serde(default)]
    pub lose_next: u32,
    /// From now on no webhook about an act of this account is sent (its name).
    pub lose_all_of: Option<String>,
    /// This many of the next webhooks are sent twice, with the same request uuid.
    #[serde(default)]
    pub double_next: u32,
    /// The next `delay_count` webhooks are sent this much later, so later ones overtake them.
    pub delay_next_ms: Option<u64>,
    /// Default 1.
    pub delay_count: Option<u32>,
    /// The next API calls answer with a status and change nothing.
    pub api_status_next: Option<StatusFault>,
    /// The next API calls answer 429 and change nothing.
    #[serde(default)]
    pub rate_limit_next: u32,
    /// `Retry-After` of those 429; Bitbucket sends none that can be relied on.
    pub retry_after_seconds: Option<u32>,
    /// The next `hang_count` API calls are carried out this much later.
    pub hang_next_ms: Option<u64>,
    /// Default 1.
    pub hang_count: Option<u32>,
    /// The API faults of this request hit only this account's calls (its name).
    pub only_for: Option<String>,
    /// The API faults of this request hit only reads (`GET`).
    #[serde(default)]
    pub reads_only: bool,
    /// The API faults of this request hit only paths with these segments, such as `pullrequests/7`.
    pub only_under: Option<String>,
    /// From now on an account's calls have a limit of its own, which the answers name in headers.
    pub scaled_limit: Option<ScaledLimit>,
    /// From now on the reads of an account see an earlier state.
    pub stale_reads: Option<StaleReads>,
    /// Listings lack an item that exists.
    pub omit: Option<Omission>,
    /// The webhooks of this many of the next acts that send several leave in the opposite order, all at once.
    #[serde(default)]
    pub reverse_next: u32,
    /// From now on each attempt has, or has not, a request uuid of its own. At the start it has not.
    pub new_request_uuid_each_attempt: Option<bool>,
}

/// A status to answer, and the number of times.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusFault {
    /// 400 to 599.
    pub status: u16,
    /// Number of calls.
    pub count: u32,
}

/// An item that answers lack although it exists. `only_for` applies to it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Omission {
    /// Id of a comment, a task or a pull request.
    pub id: u64,
    /// Number of answers that lack it.
    pub count: u32,
    /// True if it is not found by its id either; each such answer counts.
    #[serde(default)]
    pub by_id: bool,
}

/// Reads that lag, as from a copy that is not up to date. Bitbucket does not document that there is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaleReads {
    /// The account's name.
    pub account: String,
    /// Age of what its reads see, in seconds; 0 is the present.
    pub seconds: u32,
}

/// The limit of an account with an access token. Bitbucket names it in the headers `X-RateLimit-Limit`, `-Resource`
/// and `-NearLimit`
/// (<https://bitbucket.org/blog/introducing-scaled-rate-limits-for-bitbucket-cloud-api>).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaledLimit {
    /// The account's name.
    pub account: String,
    /// Most calls to repositories in any hour.
    pub calls_per_hour: u32,
}

/// The faults that are still to come.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Faults {
    lose_next: u32,
    lose_all_of: BTreeSet<String>,
    double_next: u32,
    delay_next: Vec<Repeated>,
    api: Vec<ApiFaults>,
    scaled_limits: BTreeMap<String, u32>,
    stale_reads: BTreeMap<String, u32>,
    omissions: Vec<Omitted>,
    reverse_next: u32,
    pub(crate) new_request_uuid_each_attempt: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Repeated {
    ms: u64,
    left: u32,
}

#[derive(Debug, Clone, Serialize)]
struct ApiFaults {
    #[serde(flatten)]
    fault: ApiFault,
    left: u32,
    reads_only: bool,
    only_for: Option<String>,
    only_under: Option<String>,
}

impl ApiFaults {
    fn is_for(&self, call: &Call<'_>) -> bool {
        self.only_for.as_deref().is_none_or(|name| name == call.account)
            && self.only_under.as_deref().is_none_or(|segments| call.is_under(segments))
            && (call.is_read || !self.reads_only)
    }
}

/// The properties of an API call that decide which faults are for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// The caller's name.
    pub(crate) account: &'a str,
    /// Without the query.
    pub(crate) path: &'a str,
    /// True for `GET`.
    pub(crate) is_read: bool,
}

impl Call<'_> {
    fn is_under(&self, segments: &str) -> bool {
        format!("{}/", self.path).contains(&format!("/{segments}/"))
    }
}

#[derive(Debug, Clone, Serialize)]
struct Omitted {
    id: u64,
    by_id: bool,
    left: u32,
    only_for: Option<String>,
}

impl Omitted {
    fn is_for(&self, account: &str) -> bool {
        self.only_for.as_deref().is_none_or(|name| name == account)
    }
}

/// Fault of one API call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApiFault {
    Status(u16),
    RateLimit { retry_after_seconds: Option<u32> },
    HangMs(u64),
}

/// Fate of one webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Sent,
    Lost,
    Doubled,
    Delayed(Duration),
}

impl Faults {
    /// Adds the faults of a request. A wrong request adds nothing and returns the reason.
    pub(crate) fn add(&mut self, request: FaultRequest) -> Result<(), String> {
        if [request.delay_next_ms, request.hang_next_ms].into_iter().flatten().any(|ms| ms > MAX_MS) {
            return Err(format!("a delay or hang is at most {MAX_MS} ms"));
        }
        if request.api_status_next.is_some_and(|fault| !(400..600).contains(&fault.status)) {
            return Err("api_status_next.status must be from 400 to 599".to_owned());
        }
        self.lose_next = self.lose_next.saturating_add(request.lose_next);
        self.lose_all_of.extend(request.lose_all_of);
        self.double_next = self.double_next.saturating_add(request.double_next);
        if let Some(ms) = request.delay_next_ms {
            self.delay_next.push(Repeated { ms, left: request.delay_count.unwrap_or(1) });
        }
        if let Some(ScaledLimit { account, calls_per_hour }) = request.scaled_limit {
            self.scaled_limits.insert(account, calls_per_hour);
        }
        if let Some(StaleReads { account, seconds }) = request.stale_reads {
            self.stale_reads.insert(account, seconds);
        }
        if let Some(own_uuid) = request.new_request_uuid_each_attempt {
            self.new_request_uuid_each_attempt = own_uuid;
        }
        self.reverse_next = self.reverse_next.saturating_add(request.reverse_next);
        let only_for = request.only_for;
        if let Some(Omission { id, count: left, by_id }) = request.omit {
            self.omissions.push(Omitted { id, by_id, left, only_for: only_for.clone() });
        }
        let (reads_only, only_under) = (request.reads_only, request.only_under);
        let mut add = |fault, left| {
            let (only_for, only_under) = (only_for.clone(), only_under.clone());
            self.api.push(ApiFaults { fault, left, reads_only, only_for, only_under });
        };
        if let Some(ms) = request.hang_next_ms {
            add(ApiFault::HangMs(ms), request.hang_count.unwrap_or(1));
        }
        if let Some(StatusFault { status, count }) = request.api_status_next {
            add(ApiFault::Status(status), count);
        }
        let retry_after_seconds = request.retry_after_seconds;
        add(ApiFault::RateLimit { retry_after_seconds }, request.rate_limit_next);
        self.omissions.retain(|omitted| omitted.left > 0);
        self.api.retain(|fault| fault.left > 0);
        Ok(())
    }

    /// Fate of the next webhook about an act of `actor`: losing comes before doubling, doubling before
    /// delaying.
    pub(crate) fn next_fate(&mut self, actor: &str) -> Fate {
        if self.lose_all_of.contains(actor) || take(&mut self.lose_next) {
            return Fate::Lost;
        }
        if take(&mut self.double_next) {
            return Fate::Doubled;
        }
        self.delay_next.retain(|delay| delay.left > 0);
        let Some(delay) = self.delay_next.first_mut() else { return Fate::Sent };
        delay.left -= 1;
        Fate::Delayed(Duration::from_millis(delay.ms))
    }

    /// The limit that an account's answers name, if any.
    pub(crate) fn scaled_limit(&self, account: &str) -> Option<u32> {
        self.scaled_limits.get(account).copied()
    }

    /// True if the next webhooks leave in the opposite order.
    pub(crate) fn reverses_next(&mut self) -> bool {
        take(&mut self.reverse_next)
    }

    /// The copy that answers the reads of an account, if it is not the present state.
    pub(crate) fn copy_for(&self, account: &str) -> Option<Sight> {
        let lag = self.stale_reads.get(account).map(|seconds| SignedDuration::from_secs((*seconds).into()));
        let omitted = self.omissions.iter().filter(|omitted| omitted.is_for(account));
        let lacks: Vec<_> = omitted.map(|omitted| Lack { id: omitted.id, by_id: omitted.by_id }).collect();
        (lag.is_some() || !lacks.is_empty()).then(|| Sight::new(lag, lacks))
    }

    /// An answer for an account lacked these items.
    pub(crate) fn has_missed(&mut self, account: &str, missed: &[u64]) {
        for omitted in self.omissions.iter_mut().filter(|omitted| omitted.is_for(account)) {
            omitted.left -= u32::from(missed.contains(&omitted.id));
        }
        self.omissions.retain(|omitted| omitted.left > 0);
    }

    /// Fault of a call, if any: the oldest fault that is for it.
    pub(crate) fn next_api_fault(&mut self, call: &Call<'_>) -> Option<ApiFault> {
        let next = self.api.iter_mut().find(|faults| faults.is_for(call))?;
        next.left -= 1;
        let fault = next.fault;
        self.api.retain(|fault| fault.left > 0);
        Some(fault)
    }
}

/// Takes one if there is one.
fn take(left: &mut u32) -> bool {
    let there = *left > 0;
    *left = left.saturating_sub(1);
    there
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Call<'static> = Call { account: "alice", path: "/2.0/user", is_read: true };

    #[test]
    fn faults_are_used_up_in_order() {
        let mut faults = Faults::default();
        let request =
            FaultRequest { lose_next: 1, double_next: 1, delay_next_ms: Some(5), ..Default::default() };
        faults.add(request).unwrap();
        let fates: Vec<Fate> = (0..4).map(|_| faults.next_fate("alice")).collect();
        assert_eq!(fates, [Fate::Lost, Fate::Doubled, Fate::Delayed(Duration::from_millis(5)), Fate::Sent]);
    }

    #[test]
    fn a_silenced_account_uses_up_no_faults_of_others() {
        let mut faults = Faults::default();
        let lose_all_of = Some("carol".to_owned());
        faults.add(FaultRequest { double_next: 1, lose_all_of, ..Default::default() }).unwrap();
        let fates = ["carol", "alice", "carol", "alice"].map(|actor| faults.next_fate(actor));
        assert_eq!(fates, [Fate::Lost, Fate::Doubled, Fate::Lost, Fate::Sent]);
    }

    #[test]
    fn a_fault_for_one_account_spares_the_others() {
        let mut faults = Faults::default();
        let api_status_next = Some(StatusFault { status: 503, count: 1 });
        let only_for = Some("bot".to_owned());
        faults.add(FaultRequest { api_status_next, only_for, ..Default::default() }).unwrap();
        assert_eq!(faults.next_api_fault(&READ), None);
        assert_eq!(faults.next_api_fault(&Call { account: "bot", ..READ }), Some(ApiFault::Status(503)));
        assert_eq!(faults.next_api_fault(&Call { account: "bot", ..READ }), None);
    }

    #[test]
    fn a_fault_of_reads_spares_writes() {
        let mut faults = Faults::default();
        let api_status_next = Some(StatusFault { status: 403, count: 1 });
        faults.add(FaultRequest { api_status_next, reads_only: true, ..Default::default() }).unwrap();
        assert_eq!(faults.next_api_fault(&Call { is_read: false, ..READ }), None);
        assert_eq!(faults.next_api_fault(&READ), Some(ApiFault::Status(403)));
    }

    #[test]
    fn a_fault_of_a_path_spares_other_paths() {
        let mut faults = Faults::default();
        let api_status_next = Some(StatusFault { status: 404, count: 3 });
        let only_under = Some("pullrequests/7".to_owned());
        faults.add(FaultRequest { api_status_next, only_under, ..Default::default() }).unwrap();
        let hits = |path| faults.clone().next_api_fault(&Call { path, ..READ }).is_some();
        assert!(hits("/2.0/repositories/acme/widgets/pullrequests/7"));
        assert!(hits("/2.0/repositories/acme/widgets/pullrequests/7/comments"));
        assert!(!hits("/2.0/repositories/acme/widgets/pullrequests/70"));
        assert!(!hits("/2.0/repositories/acme/widgets/pullrequests"));
    }

    #[test]
    fn an_impossible_fault_is_refused() {
        let mut faults = Faults::default();
        let api_status_next = Some(StatusFault { status: 200, count: 1 });
        assert!(faults.add(FaultRequest { api_status_next, ..Default::default() }).is_err());
        assert!(faults.add(FaultRequest { hang_next_ms: Some(MAX_MS + 1), ..Default::default() }).is_err());
    }
}
