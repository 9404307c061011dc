//! Bytes as DynamoDB's `B` type; serde's default is a list of numbers.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A binary attribute.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Binary(pub(crate) Vec<u8>);

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binary({} bytes)", self.0.len())
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Binary;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Binary, E> {
                Ok(Binary(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_bytes_show_only_their_number() {
        assert_eq!(format!("{:?}", Binary(b"hunter2".to_vec())), "Binary(7 bytes)");
    }

    #[test]
    fn error_of_a_wrong_type_names_the_right_one() {
        let error = serde_json::from_str::<Binary>("5").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("expected bytes")));
    }
}
