//! Query parameters of a URL.

use http::Uri;

use super::Error;

/// Longest accepted query. Bitbucket's codes are short, and our own parameters have at most 108 characters.
const MAX_QUERY_BYTES: usize = 4 * 1024;

/// Longest accepted value.
const MAX_VALUE_BYTES: usize = 1024;

/// Query parameters. They cannot be printed, because they may contain a code or a state.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] if the query or a value is too long.
    pub(super) fn from_uri(uri: &Uri) -> Result<Self, Error> {
        let query = uri.query().unwrap_or_default();
        if query.len() > MAX_QUERY_BYTES {
            return Err(Error::Address("query too long"));
        }
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if pairs.iter().any(|(_, value)| value.len() > MAX_VALUE_BYTES) {
            return Err(Error::Address("parameter too long"));
        }
        Ok(Self(pairs))
    }

    /// Returns a parameter; `None` if it is missing or empty.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] if it occurs twice. RFC 6749 (section 3.1) forbids that, because it would be ambiguous.
    pub(super) fn optional(&self, name: &str) -> Result<Option<&str>, Error> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(Error::Address("duplicate parameter"));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// Returns a required parameter.
    ///
    /// # Errors
    ///
    /// As [`Parameters::optional`], or if it is missing.
    pub(super) fn required(&self, name: &str) -> Result<&str, Error> {
        self.optional(name)?.ok_or(Error::Address("missing parameter"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a query with values of these lengths.
    fn read(lengths: &[usize]) -> Result<Parameters, Error> {
        let values: Vec<_> = lengths.iter().map(|bytes| format!("a={}", "x".repeat(*bytes))).collect();
        Parameters::from_uri(&format!("/start?{}", values.join("&")).parse().unwrap())
    }

    #[test]
    fn query_and_values_have_a_limited_size() {
        assert!(read(&[1_024]).is_ok());
        assert!(matches!(read(&[1_025]), Err(Error::Address("parameter too long"))));
        // With `a=` four times and three separators, the query has 4,096 bytes.
        assert!(read(&[1_024, 1_024, 1_024, 1_013]).is_ok());
        assert!(matches!(read(&[1_024, 1_024, 1_024, 1_014]), Err(Error::Address("query too long"))));
        assert!(matches!(read(&[1_024; 8]), Err(Error::Address("query too long"))));
    }
}
