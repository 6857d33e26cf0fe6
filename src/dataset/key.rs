//! Keys of files: names as text, without loss.
//!
//! # Definition
//!
//! A name is bytes, and results are text: tables, JSON, lists of one path a line. Of a name's bytes those that are not
//! UTF-8, and control characters (below `20` and `7f`), become `\xNN`, two lower-case hexadecimal digits. A backslash
//! becomes `\x5c`, but only where `x` and two such digits follow. Ordinary names stay as they are, and [`bytes_of`]
//! gives back the bytes of any.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;
use std::path::Path;

/// The key of a path, parts and all.
pub fn key_of_path(path: &Path) -> String {
    key_of(path.as_os_str().as_encoded_bytes())
}

/// The key of a name.
pub(super) fn key_of(name: &[u8]) -> String {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    if name.iter().all(is_plain) {
        return String::from_utf8_lossy(name).into_owned();
    }
    let mut key = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        let text = chunk.valid();
        for (i, c) in text.char_indices() {
            if c.is_ascii_control() || (c == '\\' && escaped_byte(&text.as_bytes()[i..]).is_some()) {
                push_escaped(&mut key, c as u8);
            } else {
                key.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| push_escaped(&mut key, *byte));
    }
    key
}

/// The name that a key stands for.
pub(super) fn bytes_of(key: &str) -> Cow<'_, [u8]> {
    let mut rest = key.as_bytes();
    if !key.contains("\\x") {
        return Cow::Borrowed(rest);
    }
    let mut name = Vec::with_capacity(rest.len());
    while let Some((first, after)) = rest.split_first() {
        match escaped_byte(rest) {
            Some(byte) => {
                name.push(byte);
                rest = &rest[4..];
            }
            None => {
                name.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(name)
}

/// The order of keys: that of the bytes of the names.
pub fn compare_keys(a: &str, b: &str) -> Ordering {
    let (x, y) = (a.as_bytes(), b.as_bytes());
    // Long paths have much in common: eight bytes at a time, then the last ones.
    let n_words = x.as_chunks::<8>().0.iter().zip(y.as_chunks().0).take_while(|(x, y)| x == y).count();
    let n_same = 8 * n_words + x[8 * n_words..].iter().zip(&y[8 * n_words..]).take_while(|(x, y)| x == y).count();
    // An escaped byte takes four: only one that reaches what differs can change the order.
    let is_escaped = |key: &[u8]| key[n_same.saturating_sub(3)..key.len().min(n_same + 1)].contains(&b'\\');
    if is_escaped(x) || is_escaped(y) { bytes_of(a).cmp(&bytes_of(b)) } else { x[n_same..].cmp(&y[n_same..]) }
}

fn push_escaped(key: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let _ = write!(key, "\\x{byte:02x}");
}

/// The byte that a text begins with in the form `\xNN`.
fn escaped_byte(text: &[u8]) -> Option<u8> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    match text {
        [b'\\', b'x', high, low, ..] => Some(digit(*high)? * 16 + digit(*low)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_names_are_their_own_keys() {
        for name in ["a.png", "ä ö/ü.jpg", "C:\\x\\y.png", "back\\slash", "\\xZZ", "\\xFF", "\\x4", "日本", "~`\"'"]
        {
            assert_eq!(key_of(name.as_bytes()), name);
        }
        assert_eq!(key_of(b"caf\xe9.png"), "caf\\xe9.png");
        assert_eq!(key_of(b"a\nb\x7f\x1b"), "a\\x0ab\\x7f\\x1b");
        assert_eq!(key_of(b"caf\\xe9.png"), "caf\\x5cxe9.png");
    }

    #[test]
    fn order_is_that_of_the_bytes() {
        // As text `\xe9` comes before `z`, as a byte after it.
        let (foreign, plain) = (key_of(b"\xe9.png"), key_of(b"z.png"));
        assert!(foreign < plain && compare_keys(&foreign, &plain) == Ordering::Greater);
    }

    /// Keys that differ within an escape, before one, behind one, and where one ends.
    #[test]
    fn keys_are_in_the_order_of_names_wherever_escapes_are() {
        let letters = [b'\\', b'x', b'0', b'1', b'f', b'a', b'\x01', b'\x1f', b'\xff'];
        let mut names = vec![Vec::new()];
        for n in 0..3 {
            let longer: Vec<Vec<u8>> = names.iter().filter(|name| name.len() == n).cloned().collect();
            names.extend(longer.iter().flat_map(|name| letters.map(|letter| [name.as_slice(), &[letter]].concat())));
        }
        names.push(b"\\x01".to_vec());
        let keys: Vec<String> = names.iter().map(|name| key_of(name)).collect();
        for (name, key) in names.iter().zip(&keys) {
            for (other, other_key) in names.iter().zip(&keys) {
                assert_eq!(compare_keys(key, other_key), name.cmp(other), "{key} and {other_key}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(
            // Bytes of which most are parts of escapes, so that those in names are met.
            name in prop::collection::vec(
                prop_oneof![any::<u8>(), prop::sample::select(b"\\\\xx5cef0\n".to_vec())],
                0..24,
            ),
            other in prop::collection::vec(any::<u8>(), 0..6),
        ) {
            let key = key_of(&name);
            prop_assert_eq!(&*bytes_of(&key), &name[..]);
            prop_assert!(!key.contains(|c: char| c.is_ascii_control()));
            prop_assert_eq!(compare_keys(&key, &key_of(&other)), name.cmp(&other));
        }
    }
}
