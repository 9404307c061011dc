//! The configuration, read from the environment.

use bus::entry::EntryLimit;

use crate::Error;

/// Names of the bus, the dead-letter queue and the table, and the limit of the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `BITRELAY_BUS`: name or ARN of the bus.
    pub bus: String,
    /// `BITRELAY_DEAD_LETTER_QUEUE_URL`: URL of the dead-letter queue.
    pub dead_letter_queue_url: String,
    /// `BITRELAY_TABLE`: name of the table, for references to payloads that are too large for the bus.
    pub table: String,
    /// `BITRELAY_MAX_ENTRY_BYTES`: largest entry on the bus.
    pub entry_limit: EntryLimit,
}

impl Config {
    /// Reads the environment through `lookup`.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] with the first variable that is missing or empty; [`Error::EntryLimit`].
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let required =
            |name| lookup(name).filter(|value| !value.trim().is_empty()).ok_or(Error::Configuration { name });
        Ok(Self {
            bus: required("BITRELAY_BUS")?,
            dead_letter_queue_url: required("BITRELAY_DEAD_LETTER_QUEUE_URL")?,
            table: required("BITRELAY_TABLE")?,
            entry_limit: match lookup("BITRELAY_MAX_ENTRY_BYTES") {
                None => EntryLimit::default(),
                Some(given) => {
                    given.parse().ok().and_then(EntryLimit::new).ok_or_else(|| out_of_bounds(given))?
                }
            },
        })
    }
}

const fn out_of_bounds(given: String) -> Error {
    let (lowest, highest) = (EntryLimit::LOWEST_BYTES, EntryLimit::HIGHEST_BYTES);
    Error::EntryLimit { lowest, highest, given }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_an_empty_or_missing_variable() {
        let error =
            Config::from_environment(|name| (name != "BITRELAY_BUS").then(|| "x".to_owned())).unwrap_err();
        assert_eq!(error.to_string(), "BITRELAY_BUS must be set");
        let names = |name: &str| (name != "BITRELAY_MAX_ENTRY_BYTES").then(|| "x".to_owned());
        assert_eq!(Config::from_environment(names).unwrap().entry_limit, EntryLimit::default());
        let error = Config::from_environment(|name| {
            Some(if name == "BITRELAY_TABLE" { " ".to_owned() } else { "x".to_owned() })
        });
        assert_eq!(error.unwrap_err().to_string(), "BITRELAY_TABLE must be set");
    }
    #[test]
    fn limit_of_an_entry_is_bounded() {
        let limit = |bytes: &str| {
            let config = Config::from_environment(|name| {
                Some(if name == "BITRELAY_MAX_ENTRY_BYTES" { bytes.to_owned() } else { "x".to_owned() })
            });
            config.map(|config| config.entry_limit.request_bytes()).map_err(|error| error.to_string())
        };
        for bytes in ["131072", "262144", "1048576"] {
            assert_eq!(limit(bytes).unwrap().to_string(), bytes);
        }
        for bytes in ["131071", "1048577", "0", "-1", "", "1MB"] {
            let expected =
                format!("BITRELAY_MAX_ENTRY_BYTES must be between 131072 and 1048576, not {bytes:?}");
            assert_eq!(limit(bytes).unwrap_err(), expected);
        }
    }
}
