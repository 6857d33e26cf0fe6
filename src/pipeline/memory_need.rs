//! What a run says whose sums take more memory than there is for them.

use std::fmt;

use crate::dataset::bytes_apart;
use crate::spectral::Size;

/// Sums that take more memory than there is for them, and what would fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryNeed {
    /// Bytes they take.
    pub n_bytes: u64,
    /// Bytes there are for them.
    pub limit_bytes: u64,
    /// Workers.
    pub threads: usize,
    /// Workers that would fit, if any would.
    pub fitting_threads: Option<usize>,
    /// Largest working size of this shape that would fit on so many workers.
    pub fitting_size: Option<Size>,
    /// Whether sums at other sizes are among them.
    pub has_other_sizes: bool,
    /// Whether images are taken as they are, so that no other working size can be had without a transform.
    pub is_untouched: bool,
    /// The `--max-memory` that would do, bytes.
    pub max_memory_bytes: u64,
}

impl fmt::Display for MemoryNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, .. } = self;
        let [needed, limit] = bytes_apart([self.n_bytes, self.limit_bytes]);
        write!(f, "the sums take {needed} on {threads} threads, and half of --max-memory is {limit}: take ")?;
        if let Some(threads) = self.fitting_threads {
            write!(f, "--threads {threads}, ")?;
        }
        if let Some(Size { height, width }) = self.fitting_size {
            let size = if height == width { height.to_string() } else { format!("{height}x{width}") };
            let transform = if self.is_untouched { " --transform tile" } else { "" };
            write!(f, "--resolution {size}{transform}, ")?;
        }
        if self.has_other_sizes {
            f.write_str("fewer --resolutions, ")?;
        }
        write!(f, "or --max-memory {}MiB if the machine has as much", self.max_memory_bytes.div_ceil(1 << 20))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_just_above_the_limit_is_told_from_it() {
        let need = MemoryNeed {
            n_bytes: (7 << 29) + (3 << 20),
            limit_bytes: 7 << 29,
            threads: 4,
            fitting_threads: None,
            fitting_size: None,
            has_other_sizes: false,
            is_untouched: false,
            max_memory_bytes: 8 << 30,
        };
        let text = need.to_string();
        assert!(text.contains("take 3.503 GiB on 4 threads") && text.contains("is 3.500 GiB:"), "{text}");
    }
}
