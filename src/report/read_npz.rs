//! Reading a list of numbers from an `.npz` archive that somebody else wrote.
//!
//! # Invariants
//!
//! Of what the archive says about itself nothing is believed: no more than `MAX_MEMBER_BYTES` are unpacked, and an
//! array has the length of its data, not the one that its header names.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::dataset::{NPY_HEAD_BYTES, NpyHeader};

/// Most bytes of a member that are unpacked: a million doubles and their header.
pub(super) const MAX_MEMBER_BYTES: u64 = (8 << 20) + NPY_HEAD_BYTES as u64;

/// Why an archive holds no schedule.
#[derive(Debug, thiserror::Error)]
pub enum SigmasError {
    /// It is no `.npz`, or a damaged one.
    #[error("it is not a readable npz archive ({0}); write it with numpy.savez")]
    Unreadable(String),
    /// It has no array that could be meant.
    #[error("it holds {found}; give an archive with one list of numbers, or one called `sigma` or `sigmas`")]
    NoSigmas {
        /// The arrays it has.
        found: String,
    },
}

/// The sigmas in the bytes of an `.npz` archive: its array `sigma` or `sigmas`, or its only one, of one axis and
/// doubles or singles (or several, of which all but one have the length 1).
///
/// # Errors
///
/// If there is no such array, it is longer than a schedule can be, or its header does not fit its data.
pub fn read_sigmas_npz(bytes: &[u8]) -> Result<Vec<f64>, SigmasError> {
    let unreadable = |error: zip::result::ZipError| SigmasError::Unreadable(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let named = names.iter().find(|n| matches!(n.trim_end_matches(".npy"), "sigma" | "sigmas"));
    let none = || SigmasError::NoSigmas { found: format!("the arrays {}", names.join(", ")) };
    let chosen = named.or((names.len() == 1).then(|| &names[0])).ok_or_else(none)?;
    let member = archive.by_name(chosen).map_err(unreadable)?;
    let mut array = Vec::new();
    // One byte more than is allowed, to see whether there are more.
    let read = member.take(MAX_MEMBER_BYTES + 1).read_to_end(&mut array);
    read.map_err(|error| SigmasError::Unreadable(format!("`{chosen}`: {error}")))?;
    if array.len() as u64 > MAX_MEMBER_BYTES {
        return Err(SigmasError::NoSigmas { found: format!("`{chosen}`, which has more numbers than a schedule") });
    }
    read_list(&array).map_err(|what| SigmasError::NoSigmas { found: format!("`{chosen}`, which {what}") })
}

/// The numbers of an array in NPY format; or in words why it is no list of floating-point numbers.
fn read_list(array: &[u8]) -> Result<Vec<f64>, &'static str> {
    let header = NpyHeader::read(array).ok_or("is no NumPy array")?;
    let data = &array[header.start..];
    let list = |n_bytes: usize, number: fn(&[u8]) -> f64| {
        if header.shape.iter().filter(|n| **n != 1).count() > 1 {
            return Err("is not one list of numbers");
        }
        if header.data_bytes(n_bytes) != Some(data.len()) {
            return Err("has another length than its header says");
        }
        Ok(data.chunks_exact(n_bytes).map(number).collect())
    };
    match header.descr {
        "<f8" => list(8, |b| f64::from_le_bytes(first(b))),
        ">f8" => list(8, |b| f64::from_be_bytes(first(b))),
        "<f4" => list(4, |b| f32::from_le_bytes(first(b)).into()),
        ">f4" => list(4, |b| f32::from_be_bytes(first(b)).into()),
        _ => Err("is not one list of floating-point numbers"),
    }
}

/// The first `N` bytes of at least as many.
fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|i| bytes[i])
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    /// An array with this dictionary for a header.
    fn npy(dictionary: &str, data: &[u8]) -> Vec<u8> {
        let mut array = b"\x93NUMPY\x01\x00".to_vec();
        array.extend_from_slice(&u16::try_from(dictionary.len()).expect("short").to_le_bytes());
        array.extend_from_slice(dictionary.as_bytes());
        array.extend_from_slice(data);
        array
    }

    fn header(descr: &str, shape: &str) -> String {
        format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}   \n")
    }

    fn npz(name: &str, array: &[u8]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file(name, SimpleFileOptions::default()).expect("begun");
        archive.write_all(array).expect("written");
        archive.finish().expect("whole").into_inner()
    }

    #[test]
    fn lists_of_either_precision_and_byte_order_are_read() {
        let values = [80.0, 1.5, 0.25];
        let doubles = |bytes: fn(f64) -> [u8; 8]| values.iter().flat_map(|v| bytes(*v)).collect::<Vec<u8>>();
        let singles = |bytes: fn(f32) -> [u8; 4]| values.iter().flat_map(|v| bytes(*v as f32)).collect::<Vec<u8>>();
        for (descr, data) in [
            ("'<f8'", doubles(f64::to_le_bytes)),
            ("'>f8'", doubles(f64::to_be_bytes)),
            ("'<f4'", singles(f32::to_le_bytes)),
            ("'>f4'", singles(f32::to_be_bytes)),
        ] {
            for shape in ["(3,)", "(3, 1)", "(1, 3)"] {
                assert_eq!(read_list(&npy(&header(descr, shape), &data)), Ok(values.to_vec()), "{descr} {shape}");
                let fortran = header(descr, shape).replace("False", "True");
                assert_eq!(read_list(&npy(&fortran, &data)), Ok(values.to_vec()), "{descr} {shape}");
            }
        }
        assert_eq!(read_list(&npy(&header("'<f8'", "()"), &2.0f64.to_le_bytes())), Ok(vec![2.0]));
    }

    #[test]
    fn what_a_header_promises_is_compared_with_the_data() {
        let two = [0; 16];
        let nested = "(".repeat(1000);
        for (dictionary, part) in [
            (header("'<f8'", "(1099511627776,)"), "length"),
            (header("'<f8'", "(4294967296, 1, 4294967296)"), "list"),
            (header("'<f8'", "(18446744073709551615,)"), "length"),
            (header("'<f8'", "(99999999999999999999,)"), "no NumPy array"),
            (header("'<f8'", "(-2,)"), "no NumPy array"),
            (header("'<f8'", "(1,)"), "length"),
            (header("'|O'", "(2,)"), "floating-point"),
            (header("'<i8'", "(2,)"), "floating-point"),
            (header("[('a', '<f8')]", "(2,)"), "no NumPy array"),
            (header("'<f8'", &nested), "no NumPy array"),
            ("{}".to_owned(), "no NumPy array"),
        ] {
            let error = read_list(&npy(&dictionary, &two)).expect_err("refused");
            assert!(error.contains(part), "{dictionary}: {error}");
        }
        assert!(read_list(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}").is_err());
        assert!(read_list(b"").is_err());
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = npz("sigmas.npy", &vec![0; 64 << 20]);
        assert!(bomb.len() < 100_000);
        let error = read_sigmas_npz(&bomb).expect_err("refused").to_string();
        assert!(error.contains("more numbers than a schedule"), "{error}");
        assert!(matches!(read_sigmas_npz(&bomb[..bomb.len() / 2]), Err(SigmasError::Unreadable(_))));
    }
}
