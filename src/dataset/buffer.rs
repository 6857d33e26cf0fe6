//! Buffers that are recycled from image to image.

/// A buffer larger than this is not kept for an image that needs less: one huge image must not occupy memory for
/// the rest of the run.
const RETAINED_BYTES: usize = 64 << 20;

/// Makes `buffer` at least `len` bytes long; what it holds is about to be overwritten.
pub(super) fn grow(buffer: &mut Vec<u8>, len: usize) {
    release_if_large(buffer, len);
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
}

/// Gives a very large buffer back when `len` bytes are enough.
pub(super) fn release_if_large(buffer: &mut Vec<u8>, len: usize) {
    if buffer.capacity() > RETAINED_BYTES && len <= RETAINED_BYTES {
        *buffer = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_buffers_are_kept_and_huge_ones_given_back() {
        let mut buffer = Vec::new();
        grow(&mut buffer, 1000);
        grow(&mut buffer, 10);
        assert_eq!(buffer.len(), 1000);
        grow(&mut buffer, RETAINED_BYTES + 1);
        grow(&mut buffer, 10);
        assert!(buffer.len() == 10 && buffer.capacity() < 1000);
    }
}
