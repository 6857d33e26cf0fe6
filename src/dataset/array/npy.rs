//! Headers of arrays in NPY format, versions 1 to 3.
//!
//! # Invariants
//!
//! A header is read by a few rules, without recursion, and not as the Python expression that it is; nothing is
//! allocated on its word.

/// Longest header that is read, bytes. NumPy pads them to a multiple of 64; those of plain arrays have 128.
const MAX_HEADER_BYTES: usize = 4096;

/// Bytes of a file that hold any header.
pub const NPY_HEAD_BYTES: usize = MAX_HEADER_BYTES + 12;

/// What the header of an array says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpyHeader<'a> {
    /// Type of the elements as NumPy writes it, e.g. `<f4`.
    pub descr: &'a str,
    /// Whether the first axis is the fastest.
    pub is_fortran: bool,
    /// Extents.
    pub shape: Vec<usize>,
    /// Where the elements begin, bytes.
    pub start: usize,
}

impl<'a> NpyHeader<'a> {
    /// Reads the header that `head` begins with; none if it is no header.
    pub fn read(head: &'a [u8]) -> Option<Self> {
        let rest = head.strip_prefix(b"\x93NUMPY")?;
        let (length, start) = match rest.first()? {
            1 => (usize::from(u16::from_le_bytes(*rest.get(2..)?.first_chunk()?)), 10),
            2 | 3 => (usize::try_from(u32::from_le_bytes(*rest.get(2..)?.first_chunk()?)).ok()?, 12),
            _ => return None,
        };
        let end = start + Some(length).filter(|n| *n <= MAX_HEADER_BYTES)?;
        let dictionary = std::str::from_utf8(head.get(start..end)?).ok()?;
        Some(Self {
            descr: value(dictionary, "descr")?.strip_prefix('\'')?.split('\'').next()?,
            is_fortran: value(dictionary, "fortran_order")?.starts_with("True"),
            shape: extents(value(dictionary, "shape")?)?,
            start: end,
        })
    }

    /// Bytes of all elements of `n_bytes` each; none beyond 64 bits.
    pub fn data_bytes(&self, n_bytes: usize) -> Option<usize> {
        self.shape.iter().try_fold(n_bytes, |product, n| product.checked_mul(*n))
    }
}

/// What follows `'key':` in a header.
fn value<'a>(dictionary: &'a str, key: &str) -> Option<&'a str> {
    let after = dictionary.split_once(&format!("'{key}'"))?.1;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

/// The numbers in the brackets that a text begins with.
fn extents(text: &str) -> Option<Vec<usize>> {
    let inside = text.strip_prefix('(')?.split_once(')')?.0;
    let numbers = inside.split(',').map(str::trim).filter(|n| !n.is_empty());
    numbers.map(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(version: u8, dictionary: &str) -> Vec<u8> {
        let length = dictionary.len() as u32;
        let length = if version == 1 { &length.to_le_bytes()[..2] } else { &length.to_le_bytes()[..] };
        [b"\x93NUMPY", &[version, 0][..], length, dictionary.as_bytes()].concat()
    }

    #[test]
    fn headers_of_all_versions_are_read() {
        for (version, start) in [(1, 10), (2, 12), (3, 12)] {
            let text = "{'descr': '<f2', 'fortran_order': False, 'shape': (1280, 4, 32, 32), }  \n";
            let bytes = head(version, text);
            let header = NpyHeader::read(&bytes).expect("a header");
            let shape = vec![1280, 4, 32, 32];
            assert_eq!(header, NpyHeader { descr: "<f2", is_fortran: false, shape, start: start + text.len() });
            assert_eq!(header.data_bytes(2), Some(1280 * 4 * 32 * 32 * 2));
        }
        let bytes = head(1, "{'shape': (), 'fortran_order': True, 'descr': '>f8'}");
        assert!(NpyHeader::read(&bytes).is_some_and(|h| h.shape.is_empty() && h.is_fortran && h.descr == ">f8"));
    }

    #[test]
    fn what_is_no_header_is_none() {
        let good = head(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }");
        for n in 0..good.len() {
            assert_eq!(NpyHeader::read(&good[..n]), None, "{n} bytes");
        }
        for text in [
            "{'descr': '<f2', 'fortran_order': False}",
            "{'descr': '<f2', 'fortran_order': False, 'shape': (-3,)}",
            "{'descr': '<f2', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': [('a', '<f2')], 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f2', 'shape': (3,)}",
        ] {
            assert_eq!(NpyHeader::read(&head(1, text)), None, "{text}");
        }
        let long = format!("{{'descr': '<f2', 'fortran_order': False, 'shape': (3,), {}}}", " ".repeat(5000));
        assert_eq!(NpyHeader::read(&head(2, &long)), None);
        let huge = head(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2)}");
        assert_eq!(NpyHeader::read(&huge).expect("a header").data_bytes(2), None);
    }
}
