//! gzip with a size limit. Any tool can read the stored bytes.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// Compresses. Equal bytes give equal results: the header has no time and no file name.
pub(crate) fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Decompresses; an error if the result has more than `max_bytes`.
pub(crate) fn decompress(bytes: &[u8], max_bytes: usize) -> std::io::Result<Vec<u8>> {
    let mut result = Vec::new();
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    GzDecoder::new(bytes).take(limit).read_to_end(&mut result)?;
    if result.len() > max_bytes {
        return Err(std::io::Error::other(format!("it decompresses to more than {max_bytes} bytes")));
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_compression() {
        for bytes in [&b""[..], b"{}", "gr\u{fc}n \u{2028}\u{0}".as_bytes()] {
            assert_eq!(decompress(&compress(bytes).unwrap(), 100).unwrap(), bytes);
        }
    }

    #[test]
    fn too_large_result_is_refused() {
        let bomb = compress(&vec![0; 1_000_000]).unwrap();
        assert!(bomb.len() < 2_000);
        assert!(decompress(&bomb, 999_999).is_err());
        assert_eq!(decompress(&bomb, 1_000_000).unwrap().len(), 1_000_000);
    }
}
