//! Configuration: flags override environment variables, and these override the configuration file.

use std::path::{Path, PathBuf};

use relay::LinkId;
use serde::Deserialize;

use crate::Error;
use crate::args::{Format, Global};

/// Largest configuration file, in bytes; the rest of a longer one is ignored.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Settings of a command; `None` if no source gives them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    pub(crate) format: Format,
    pub(crate) stack: Option<String>,
    pub(crate) link: Option<LinkId>,
    pub(crate) region: Option<String>,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) table: Option<String>,
    pub(crate) bus: Option<String>,
    pub(crate) dead_letter_queue_url: Option<String>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) secrets_prefix: Option<String>,
}

/// Content of the configuration file: the flags' names, with underscores.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: Option<Format>,
    stack: Option<String>,
    link: Option<LinkId>,
    region: Option<String>,
    endpoint_url: Option<String>,
    table: Option<String>,
    bus: Option<String>,
    dead_letter_queue_url: Option<String>,
    webhook_url: Option<String>,
    secrets_prefix: Option<String>,
}

impl Config {
    /// Reads each setting from its flag, else its environment variable, else the configuration file.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigFile`]; [`Error::Usage`] if a variable has an invalid value.
    pub(crate) fn resolve(flags: &Global, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let file = file(flags.config.as_deref(), &variable)?;
        let either = |flag: &Option<String>, name, file| flag.clone().or_else(|| variable(name)).or(file);
        let named = |name: &str, reason: String| Error::Usage(format!("the variable {name}: {reason}"));
        let format = variable("BITRELAY_FORMAT").map(|text| match text.as_str() {
            "table" => Ok(Format::Table),
            "json" => Ok(Format::Json),
            "csv" => Ok(Format::Csv),
            _ => Err(named("BITRELAY_FORMAT", format!("{text:?} is none of table, json and csv"))),
        });
        let link = variable("BITRELAY_LINK")
            .map(|text| text.parse::<LinkId>().map_err(|error| named("BITRELAY_LINK", error.to_string())));
        Ok(Self {
            format: flags.format.or(format.transpose()?).or(file.format).unwrap_or_default(),
            stack: either(&flags.stack, "BITRELAY_STACK", file.stack),
            link: flags.link.clone().or(link.transpose()?).or(file.link),
            region: either(&flags.region, "BITRELAY_REGION", file.region),
            endpoint_url: either(&flags.endpoint_url, "BITRELAY_ENDPOINT_URL", file.endpoint_url),
            table: either(&flags.table, "BITRELAY_TABLE", file.table),
            bus: either(&flags.bus, "BITRELAY_BUS", file.bus),
            dead_letter_queue_url: either(
                &flags.dead_letter_queue_url,
                "BITRELAY_DEAD_LETTER_QUEUE_URL",
                file.dead_letter_queue_url,
            ),
            webhook_url: either(&flags.webhook_url, "BITRELAY_WEBHOOK_URL", file.webhook_url),
            secrets_prefix: either(&flags.secrets_prefix, "BITRELAY_LINK_SECRET_PREFIX", file.secrets_prefix),
        })
    }
}

/// Reads the configuration file. A missing file is an error only if a flag names it.
fn file(named: Option<&str>, variable: &dyn Fn(&str) -> Option<String>) -> Result<File, Error> {
    let Some(path) = named.map(PathBuf::from).or_else(|| default_path(variable)) else {
        return Ok(File::default());
    };
    let failed = |reason: String| Error::ConfigFile { path: path.display().to_string(), reason };
    match read(&path) {
        Ok(text) => toml::from_str(&text).map_err(|error| failed(error.message().to_owned())),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(File::default()),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Returns `$XDG_CONFIG_HOME/bitrelay/config.toml`; without that variable the path is below `~/.config`
/// (<https://specifications.freedesktop.org/basedir-spec/latest/>).
fn default_path(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let base = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")))?;
    Some(base.join("bitrelay/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(flags: &Global, variables: &[(&str, &str)]) -> Result<Config, Error> {
        let lookup = |name: &str| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        };
        Config::resolve(flags, &lookup)
    }

    fn with_file(text: &str) -> (PathBuf, Global) {
        let name = format!("bitrelay-config-{}-{}.toml", std::process::id(), text.len());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let flags = Global { config: Some(path.display().to_string()), ..Global::default() };
        (path, flags)
    }

    #[test]
    fn flags_override_variables_and_these_the_file() {
        let (path, flags) = with_file("stack = \"filed\"\nregion = \"filed\"\ntable = \"filed\"\n");
        let flags = Global { stack: Some("flagged".to_owned()), ..flags };
        let variables = [("BITRELAY_STACK", "named"), ("BITRELAY_REGION", "named"), ("BITRELAY_TABLE", "")];
        let config = resolve(&flags, &variables).unwrap();
        assert_eq!(config.stack.as_deref(), Some("flagged"));
        assert_eq!(config.region.as_deref(), Some("named"));
        assert_eq!(config.table.as_deref(), Some("filed"), "an empty variable counts as unset");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn unknown_key_in_the_file_is_named() {
        let (path, flags) = with_file("stak = \"bitrelay\"\n");
        let error = resolve(&flags, &[]).unwrap_err().to_string();
        assert!(error.contains("unknown field `stak`"), "{error}");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn only_a_file_named_by_a_flag_must_exist() {
        let flags = Global { config: Some("/nowhere/config.toml".to_owned()), ..Global::default() };
        assert!(resolve(&flags, &[]).is_err());
        assert!(resolve(&Global::default(), &[("XDG_CONFIG_HOME", "/nowhere")]).is_ok());
    }

    #[test]
    fn invalid_variable_is_named() {
        let error = resolve(&Global::default(), &[("BITRELAY_LINK", "No Link")]).unwrap_err();
        assert!(error.to_string().starts_with("the variable BITRELAY_LINK"), "{error}");
    }
}
