//! Defaults of `template.yaml`, compared with those of the code.

use poller::PollerSettings;
use relay::Settings;
use store::Retention;

const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// Returns the default of the parameter that the template passes to an environment variable.
fn template_default(variable: &str) -> Option<String> {
    let reference = format!("{variable}: !Ref ");
    let parameter = TEMPLATE.lines().find_map(|line| line.trim_start().strip_prefix(&reference))?;
    let declaration = format!("  {parameter}:");
    let body = TEMPLATE.lines().skip_while(|line| *line != declaration).skip(1);
    let mut body = body.take_while(|line| line.starts_with("    "));
    body.find_map(|line| line.strip_prefix("    Default: ")).map(|value| value.trim_matches('"').to_owned())
}

#[test]
fn defaults_of_template_and_code_agree() {
    let lookup = |name: &str| {
        let default = template_default(name);
        assert!(default.is_some(), "template.yaml passes no parameter with a default to {name}");
        default
    };
    assert_eq!(Settings::from_environment(lookup).unwrap(), Settings::default());
    assert_eq!(Retention::from_environment(lookup).unwrap(), Retention::default());
    assert_eq!(PollerSettings::from_environment(lookup).unwrap(), PollerSettings::default());
}
