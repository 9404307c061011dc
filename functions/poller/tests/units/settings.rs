//! Settings, from the environment.

use poller::PollerSettings;

#[test]
fn unset_variables_keep_defaults_and_nonsense_is_refused() {
    assert_eq!(PollerSettings::from_environment(|_| None).unwrap(), PollerSettings::default());
    let set = |given: &'static str| PollerSettings::from_environment(move |_| Some(given.to_owned()));
    assert_eq!(set("40").unwrap().max_calls_per_run, 40);
    for refused in ["BITRELAY_CALLS_PER_HOUR", "BITRELAY_MAX_CALLS_PER_RUN", "BITRELAY_LINKS_PER_RUN"] {
        for nonsense in ["0", "10001", "-1", "many", ""] {
            let lookup = |name: &str| (name == refused).then(|| nonsense.to_owned());
            let error = PollerSettings::from_environment(lookup).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{refused} must be between 1 and 10000")), "{error}");
        }
    }
}
