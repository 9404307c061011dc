//! What stands in an address after the `?`.

use http::Uri;

use super::Error;

/// The longest query that is read. Bitbucket's codes are short, and our own parameters have 108 characters at most.
const MAX_QUERY_BYTES: usize = 4 * 1024;

/// The longest single value.
const MAX_VALUE_BYTES: usize = 1024;

/// The parameters of an address. They cannot be printed: a code or a state may be among them.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] where it or a value is too long.
    pub(super) fn of(uri: &Uri) -> Result<Self, Error> {
        let query = uri.query().unwrap_or_default();
        if query.len() > MAX_QUERY_BYTES {
            return Err(Error::Address("it is too long"));
        }
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if pairs.iter().any(|(_, value)| value.len() > MAX_VALUE_BYTES) {
            return Err(Error::Address("a part of it is too long"));
        }
        Ok(Self(pairs))
    }

    /// A parameter; `None` where it is missing or empty.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] where it is there twice, which RFC 6749 (section 3.1) forbids: which of the two counts would be
    /// anybody's guess.
    pub(super) fn optional(&self, name: &str) -> Result<Option<&str>, Error> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = found.next();
        if found.next().is_some() {
            return Err(Error::Address("a part of it is there twice"));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A parameter that has to be there.
    ///
    /// # Errors
    ///
    /// As [`Parameters::optional`], and where it is missing.
    pub(super) fn required(&self, name: &str) -> Result<&str, Error> {
        self.optional(name)?.ok_or(Error::Address("a part of it is missing"))
    }
}
