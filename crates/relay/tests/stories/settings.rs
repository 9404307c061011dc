//! Settings from the environment.

use relay::Settings;

fn tail(given: &str) -> Result<[u32; 3], relay::Error> {
    let lookup = |name: &str| (name == "BITRELAY_TAIL_SECONDS").then(|| given.to_owned());
    Settings::from_environment(lookup).map(|settings| settings.tail_seconds)
}

#[test]
fn unset_value_keeps_its_default() {
    let lookup = |name: &str| (name == "BITRELAY_WINDOW_SECONDS").then(|| "20".to_owned());
    let settings = Settings::from_environment(lookup).unwrap();
    assert_eq!(settings, Settings { window_seconds: 20, ..Settings::default() });
}

#[test]
fn tail_has_up_to_three_polls_and_0_is_none() {
    for (given, seconds) in
        [("0", [0, 0, 0]), ("60", [60, 0, 0]), ("1800, 7200,2678400", [1_800, 7_200, 2_678_400])]
    {
        assert_eq!(tail(given).unwrap(), seconds, "{given}");
    }
    for bad in ["", "1,2,3,4", "-1", "soon", "2678401", "1,,2"] {
        let error = tail(bad).unwrap_err().to_string();
        assert!(error.starts_with("BITRELAY_TAIL_SECONDS must be"), "{error}");
    }
}

#[test]
fn value_out_of_bounds_is_refused_by_name() {
    let error = Settings::from_environment(|_| Some("0".to_owned())).unwrap_err().to_string();
    assert_eq!(error, r#"BITRELAY_WINDOW_SECONDS must be between 1 and 86400 seconds, not "0""#);
}

#[test]
fn longest_times_are_accepted_and_longer_ones_refused() {
    let longest = [
        ("BITRELAY_WINDOW_SECONDS", 86_400),
        ("BITRELAY_WINDOW_MARGIN_SECONDS", 3_600),
        ("BITRELAY_POLL_INTERVAL_SECONDS", 3_600),
        ("BITRELAY_GRACE_SECONDS", 3_600),
        ("BITRELAY_TASK_INTERVAL_SECONDS", 3_600),
        ("BITRELAY_SWEEP_SECONDS", 86_400),
        ("BITRELAY_FULL_READ_SECONDS", 31 * 86_400),
    ];
    for (name, seconds) in longest {
        let given = |seconds: u32| move |asked: &str| (asked == name).then(|| seconds.to_string());
        assert_ne!(Settings::from_environment(given(seconds)).unwrap(), Settings::default(), "{name}");
        let error = Settings::from_environment(given(seconds + 1)).unwrap_err().to_string();
        assert!(error.contains(&format!("{name} must be between")) && error.contains(&seconds.to_string()));
    }
}
