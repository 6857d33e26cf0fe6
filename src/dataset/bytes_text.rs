//! Numbers of bytes in messages: a need and a limit that are told apart.

use bytesize::ByteSize;

/// Two different numbers of bytes in the largest unit that suits each, with as many digits as tell them apart.
pub fn apart(bytes: [u64; 2]) -> [String; 2] {
    let with_digits = |digits: usize| bytes.map(|n| format!("{:.digits$}", ByteSize(n)));
    let differ = (1..=6).map(with_digits).find(|[a, b]| a != b);
    differ.unwrap_or_else(|| bytes.map(|n| format!("{n} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_and_a_limit_never_read_the_same() {
        let of = |a: u64, b: u64| apart([a, b]);
        assert_eq!(of(7 << 30, 3 << 29), ["7.0 GiB", "1.5 GiB"]);
        assert_eq!(of((7 << 29) + (3 << 20), 7 << 29), ["3.503 GiB", "3.500 GiB"]);
        assert_eq!(of((7 << 29) + 1, 7 << 29), ["3758096385 bytes", "3758096384 bytes"]);
    }
}
