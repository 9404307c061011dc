//! Compression of states and of short payloads, with a size limit: zlib with a preset dictionary (RFC 1950, 2.2).
//!
//! Payloads are short and alike: names of fields, links, the same repository. The dictionary holds a pull request, a
//! comment and a state of our own writing. With it a payload takes about half of what it takes without. It is zlib
//! because every language reads that without a further library: Python's `zlib.decompressobj(zdict=...)`.

use std::io::{Error, Result, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compress, Compression, Decompress, FlushDecompress, Status};

use super::gzip;

/// The dictionary. Stored items can be read with the same bytes only, so it never changes. A better one is a second
/// one.
const DICTIONARY: &[u8] = include_bytes!("dictionary.txt");

/// First bytes of gzip, which versions before format 2 stored.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Compresses. Equal bytes give equal results.
pub(crate) fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut deflate = Compress::new(Compression::default(), true);
    deflate.set_dictionary(DICTIONARY)?;
    let mut encoder = ZlibEncoder::new_with_compress(Vec::with_capacity(bytes.len() / 4), deflate);
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Decompresses, also what an earlier version stored; an error if the result has more than `max_bytes`.
pub(crate) fn decompress(bytes: &[u8], max_bytes: usize) -> Result<Vec<u8>> {
    if bytes.starts_with(&GZIP) {
        return gzip::decompress(bytes, max_bytes);
    }
    let mut inflate = Decompress::new(true);
    let mut result =
        Vec::with_capacity(bytes.len().saturating_mul(8).clamp(64, max_bytes.saturating_add(64)));
    loop {
        let read = usize::try_from(inflate.total_in()).unwrap_or(usize::MAX);
        let rest = bytes.get(read..).unwrap_or_default();
        let before = (inflate.total_in(), inflate.total_out());
        match inflate.decompress_vec(rest, &mut result, FlushDecompress::None) {
            Ok(Status::StreamEnd) if result.len() <= max_bytes => return Ok(result),
            Ok(_) => {}
            Err(error) if error.needs_dictionary().is_some() => {
                inflate.set_dictionary(DICTIONARY)?;
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        if result.len() > max_bytes {
            return Err(Error::other(format!("it decompresses to more than {max_bytes} bytes")));
        }
        if result.len() == result.capacity() {
            result.reserve(result.len());
        } else if before == (inflate.total_in(), inflate.total_out()) {
            return Err(Error::other("it is incomplete"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_compression() {
        let long = br#"{"a":[1,2,3]}"#.repeat(10_000);
        for bytes in [&b""[..], b"{}", "gr\u{fc}n \u{2028}\u{0}".as_bytes(), &long] {
            let compressed = compress(bytes).unwrap();
            assert_eq!(decompress(&compressed, 130_000).unwrap(), bytes);
            assert!(!compressed.starts_with(&GZIP));
        }
    }

    #[test]
    fn bytes_of_an_earlier_version_are_read() {
        assert_eq!(decompress(&gzip::compress(b"{}").unwrap(), 2).unwrap(), b"{}");
    }

    #[test]
    fn too_large_result_is_refused() {
        let bomb = compress(&vec![0; 1_000_000]).unwrap();
        assert!(bomb.len() < 2_000);
        for max_bytes in [0, 1_000, 999_999] {
            // Not "incomplete": it is not decompressed to its end.
            let error = decompress(&bomb, max_bytes).unwrap_err().to_string();
            assert_eq!(error, format!("it decompresses to more than {max_bytes} bytes"));
        }
        assert_eq!(decompress(&bomb, 1_000_000).unwrap().len(), 1_000_000);
    }

    #[test]
    fn result_may_have_exactly_the_largest_size() {
        for bytes in 0..2_000 {
            let compressed = compress(&vec![0; bytes]).unwrap();
            assert_eq!(decompress(&compressed, bytes).unwrap().len(), bytes);
        }
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let good = compress(b"{\"comment\":{}}").unwrap();
        for length in 0..good.len() {
            assert!(decompress(&good[..length], 100).is_err(), "the first {length} bytes");
        }
        assert!(decompress(b"hunter2", 100).is_err());
    }

    #[test]
    fn dictionary_never_changes() {
        let sum = crate::sha256_hex(DICTIONARY);
        assert_eq!(
            sum, "fde04c437ab2d75706986611833465f48e15d093c1f1fd5295d4f83b887efd9a",
            "what is stored cannot be read with another dictionary"
        );
    }
}
