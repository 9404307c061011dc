//! The hourly limit of calls that Bitbucket reports.

/// Value of `X-RateLimit-Resource` for the calls that bitrelay makes: most of `/2.0/repositories/*`
/// (<https://bitbucket.org/blog/introducing-scaled-rate-limits-for-bitbucket-cloud-api>).
const RESOURCE: &str = "api";

/// The headers `X-RateLimit-Limit` and `X-RateLimit-NearLimit` of an answer. Bitbucket sends them only for access
/// tokens of a repository, a project or a workspace
/// (<https://bitbucket.org/blog/introducing-scaled-rate-limits-for-bitbucket-cloud-api>). No header has the remaining
/// calls or the time of the next ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Number of calls that the credential may make in any hour. Never 0.
    pub calls_per_hour: Option<u32>,
    /// True if most of them are spent, including those of other programs.
    pub near_limit: Option<bool>,
}

impl RateLimit {
    /// Reads the headers through `header` and ignores invalid ones. `None` if none is valid, or if they concern another
    /// group of calls.
    pub fn read<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Self> {
        let resource = header("x-ratelimit-resource").map(str::trim);
        if resource.is_some_and(|resource| !is_of_repositories(resource)) {
            return None;
        }
        let limit = header("x-ratelimit-limit").and_then(|limit| limit.trim().parse().ok());
        let near_limit = header("x-ratelimit-nearlimit").and_then(flag);
        let rate_limit = Self { calls_per_hour: limit.filter(|calls| *calls > 0), near_limit };
        (rate_limit != Self::default()).then_some(rate_limit)
    }

    /// Updates the limit by a later answer, which may lack some headers.
    #[must_use]
    pub fn updated(self, later: Self) -> Self {
        Self {
            calls_per_hour: later.calls_per_hour.or(self.calls_per_hour),
            near_limit: later.near_limit.or(self.near_limit),
        }
    }
}

/// Compares only the beginning of the name, because it is documented in prose only.
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

    fn limit(calls_per_hour: Option<u32>, near_limit: Option<bool>) -> RateLimit {
        RateLimit { calls_per_hour, near_limit }
    }

    #[test]
    fn reported_limit_is_read() {
        assert_eq!(read("2500", "false", "api"), Some(limit(Some(2_500), Some(false))));
        assert_eq!(read(" 1000 ", "True", "API"), Some(limit(Some(1_000), Some(true))));
        assert_eq!(RateLimit::read(|_| None), None);
    }

    #[test]
    fn invalid_headers_are_ignored() {
        for garbage in ["", "0", "-1", "many", "1e3", "2500, 2500", "99999999999"] {
            assert_eq!(read(garbage, "true", ""), Some(limit(None, Some(true))), "{garbage:?}");
            assert_eq!(read("2500", garbage, ""), Some(limit(Some(2_500), None)), "{garbage:?}");
            assert_eq!(read(garbage, garbage, ""), None, "{garbage:?}");
        }
    }

    #[test]
    fn limits_of_other_calls_are_ignored() {
        for other in ["git", "raw", "ap", "ä"] {
            assert_eq!(read("60000", "true", other), None, "{other}");
        }
    }

    #[test]
    fn missing_headers_keep_the_last_values() {
        let all = RateLimit { calls_per_hour: Some(2_500), near_limit: Some(true) };
        let near = RateLimit { near_limit: Some(false), ..RateLimit::default() };
        assert_eq!(all.updated(near), RateLimit { near_limit: Some(false), ..all });
        assert_eq!(all.updated(RateLimit::default()), all);
    }
}
