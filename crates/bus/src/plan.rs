//! Packs entries into `PutEvents` requests. Pure.

/// Largest number of entries in one `PutEvents` request
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
pub const MAX_ENTRIES: usize = 10;

/// Packs entries, given by their sizes in bytes, into requests of at most [`MAX_ENTRIES`] entries and less than
/// `max_bytes`. Returns consecutive ranges of indices into `sizes`. An entry over the limit gets a request of its own.
pub fn pack(sizes: &[usize], max_bytes: usize) -> Vec<std::ops::Range<usize>> {
    let mut requests = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, size) in sizes.iter().enumerate() {
        let full = index - start == MAX_ENTRIES || bytes + size >= max_bytes;
        if full && index > start {
            requests.push(start..index);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    if start < sizes.len() {
        requests.push(start..sizes.len());
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_entries_need_no_request() {
        assert_eq!(pack(&[], 100), []);
    }

    #[test]
    fn eleven_small_entries_need_two_requests() {
        assert_eq!(pack(&[1; 11], 100), [0..10, 10..11]);
    }

    #[test]
    fn request_stays_below_the_byte_limit() {
        assert_eq!(pack(&[50, 49, 1], 100), [0..2, 2..3]);
        assert_eq!(pack(&[50, 50], 100), [0..1, 1..2]);
    }

    #[test]
    fn oversized_entry_goes_alone() {
        assert_eq!(pack(&[1, 500, 1], 100), [0..1, 1..2, 2..3]);
    }
}
