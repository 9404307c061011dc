//! What Bitbucket says of the calls that a credential may make in an hour.

/// The group of calls that the limit is of, as `X-RateLimit-Resource` names it: it covers most of `/2.0/repositories/*`
/// (<https://bitbucket.org/blog/introducing-scaled-rate-limits-for-bitbucket-cloud-api>).
const RESOURCE: &str = "api";

/// The headers `X-RateLimit-Limit` and `X-RateLimit-NearLimit` of an answer. Only calls with an access token of a repository, a project
/// or a workspace have them
/// (<https://bitbucket.org/blog/introducing-scaled-rate-limits-for-bitbucket-cloud-api>). How many calls are left, or when there will
/// be more, no header says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// How many calls the credential may make in any hour. Never 0.
    pub calls_per_hour: Option<u32>,
    /// Whether most of them are spent, whoever spent them.
    pub near_limit: Option<bool>,
}

impl RateLimit {
    /// Reads the headers through `header`. What cannot be understood is left out; `None` where nothing is left, or where it
    /// is said of another group of calls.
    pub fn read<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Self> {
        let resource = header("x-ratelimit-resource").map(str::trim);
        if resource.is_some_and(|resource| !is_of_repositories(resource)) {
            return None;
        }
        let limit = header("x-ratelimit-limit").and_then(|limit| limit.trim().parse().ok());
        let near_limit = header("x-ratelimit-nearlimit").and_then(flag);
        let said = Self { calls_per_hour: limit.filter(|calls| *calls > 0), near_limit };
        (said != Self::default()).then_some(said)
    }

    /// What is known after a later answer, which may say less.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        Self {
            calls_per_hour: later.calls_per_hour.or(self.calls_per_hour),
            near_limit: later.near_limit.or(self.near_limit),
        }
    }
}

/// Only the beginning of the name is compared: it is documented in prose only.
fn is_of_repositories(resource: &str) -> bool {
    let beginning = resource.get(..RESOURCE.len());
    resource.is_empty() || beginning.is_some_and(|name| name.eq_ignore_ascii_case(RESOURCE))
}

fn flag(value: &str) -> Option<bool> {
    let value = value.trim();
    let is = |word: &str| value.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: &str, near_limit: &str, resource: &str) -> Option<RateLimit> {
        let headers = [
            ("x-ratelimit-limit", limit),
            ("x-ratelimit-nearlimit", near_limit),
            ("x-ratelimit-resource", resource),
        ];
        RateLimit::read(|name| headers.iter().find(|(header, _)| *header == name).map(|(_, value)| *value))
    }

    fn said(calls_per_hour: Option<u32>, near_limit: Option<bool>) -> RateLimit {
        RateLimit { calls_per_hour, near_limit }
    }

    #[test]
    fn what_bitbucket_says_is_read() {
        assert_eq!(read("2500", "false", "api"), Some(said(Some(2_500), Some(false))));
        assert_eq!(read(" 1000 ", "True", "API"), Some(said(Some(1_000), Some(true))));
        assert_eq!(RateLimit::read(|_| None), None);
    }

    #[test]
    fn what_cannot_be_understood_is_left_out() {
        for garbage in ["", "0", "-1", "many", "1e3", "2500, 2500", "99999999999"] {
            assert_eq!(read(garbage, "true", ""), Some(said(None, Some(true))), "{garbage:?}");
            assert_eq!(read("2500", garbage, ""), Some(said(Some(2_500), None)), "{garbage:?}");
            assert_eq!(read(garbage, garbage, ""), None, "{garbage:?}");
        }
    }

    #[test]
    fn what_is_said_of_other_calls_is_left_out() {
        for other in ["git", "raw", "ap", "ä"] {
            assert_eq!(read("60000", "true", other), None, "{other}");
        }
    }

    #[test]
    fn a_later_answer_that_says_less_takes_nothing_back() {
        let all = RateLimit { calls_per_hour: Some(2_500), near_limit: Some(true) };
        let near = RateLimit { near_limit: Some(false), ..RateLimit::default() };
        assert_eq!(all.then(near), RateLimit { near_limit: Some(false), ..all });
        assert_eq!(all.then(RateLimit::default()), all);
    }
}
