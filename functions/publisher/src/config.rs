//! The configuration, read from the environment.

use crate::Error;

/// Names of the bus, the dead-letter queue and the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `BITRELAY_BUS`: name or ARN of the bus.
    pub bus: String,
    /// `BITRELAY_DEAD_LETTER_QUEUE_URL`: URL of the dead-letter queue.
    pub dead_letter_queue_url: String,
    /// `BITRELAY_TABLE`: name of the table, for references to payloads that are too large for the bus.
    pub table: String,
}

impl Config {
    /// Reads the environment through `lookup`.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] with the first variable that is missing or empty.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let required =
            |name| lookup(name).filter(|value| !value.trim().is_empty()).ok_or(Error::Configuration { name });
        Ok(Self {
            bus: required("BITRELAY_BUS")?,
            dead_letter_queue_url: required("BITRELAY_DEAD_LETTER_QUEUE_URL")?,
            table: required("BITRELAY_TABLE")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_an_empty_or_missing_variable() {
        let error =
            Config::from_environment(|name| (name != "BITRELAY_BUS").then(|| "x".to_owned())).unwrap_err();
        assert_eq!(error.to_string(), "BITRELAY_BUS must be set");
        let error = Config::from_environment(|name| {
            Some(if name == "BITRELAY_TABLE" { " ".to_owned() } else { "x".to_owned() })
        });
        assert_eq!(error.unwrap_err().to_string(), "BITRELAY_TABLE must be set");
    }
}
