//! What arrays hold: the types of their elements, and these as singles.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use safetensors::tensor::Dtype;

/// The type of an array's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// Bytes: pixels.
    U8,
    /// Halves.
    F16,
    /// Halves with the exponent of singles.
    Bf16,
    /// Singles.
    F32,
    /// Doubles.
    F64,
}

impl Element {
    /// The type of this name in an NPY header, and whether its bytes are in the other order; none if it is not read.
    pub fn of_npy(descr: &str) -> Option<(Self, bool)> {
        let (order, kind) = descr.split_at_checked(1)?;
        let element = match kind {
            "u1" => Self::U8,
            "f2" => Self::F16,
            "f4" => Self::F32,
            "f8" => Self::F64,
            _ => return None,
        };
        matches!(order, "<" | ">" | "|" | "=").then_some((element, order == ">"))
    }

    /// That of a safetensors file; none if it is not read.
    pub fn of_tensor(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::U8 => Some(Self::U8),
            Dtype::F16 => Some(Self::F16),
            Dtype::BF16 => Some(Self::Bf16),
            Dtype::F32 => Some(Self::F32),
            Dtype::F64 => Some(Self::F64),
            _ => None,
        }
    }

    /// Bytes of one.
    pub fn n_bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Brings little-endian bytes about.
    pub fn swap(self, bytes: &mut [u8]) {
        bytes.chunks_exact_mut(self.n_bytes()).for_each(<[u8]>::reverse);
    }

    /// The elements in `bytes`, little-endian, as singles.
    pub fn to_singles(self, bytes: &[u8], values: &mut Vec<f32>) {
        values.clear();
        match self {
            Self::U8 => values.extend(bytes.iter().map(|v| f32::from(*v))),
            Self::F16 => {
                let halves: Vec<f16> = words(bytes).map(f16::from_le_bytes).collect();
                values.resize(halves.len(), 0.0);
                halves.convert_to_f32_slice(values);
            }
            Self::Bf16 => {
                let halves: Vec<bf16> = words(bytes).map(bf16::from_le_bytes).collect();
                values.resize(halves.len(), 0.0);
                halves.convert_to_f32_slice(values);
            }
            Self::F32 => values.extend(words(bytes).map(f32::from_le_bytes)),
            Self::F64 => values.extend(words(bytes).map(|word| f64::from_le_bytes(word) as f32)),
        }
    }
}

/// The bytes of each element.
fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_all_types_become_singles() {
        let values = [0.0f32, -0.0, 1.0, -1.5, 6.103_515_6e-5, 5.960_464_5e-8, 65504.0, f32::INFINITY, f32::NAN];
        let bytes = |each: &dyn Fn(f32) -> Vec<u8>| values.iter().flat_map(|v| each(*v)).collect::<Vec<u8>>();
        let mut read = Vec::new();
        for (element, mut bytes) in [
            (Element::F16, bytes(&|v| f16::from_f32(v).to_le_bytes().to_vec())),
            (Element::F32, bytes(&|v| v.to_le_bytes().to_vec())),
            (Element::F64, bytes(&|v| f64::from(v).to_le_bytes().to_vec())),
        ] {
            for _ in 0..2 {
                element.to_singles(&bytes, &mut read);
                let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
                assert!(read.len() == values.len() && read.iter().zip(&values).all(same), "{element:?}: {read:?}");
                element.swap(&mut bytes);
                element.swap(&mut bytes);
            }
            element.swap(&mut bytes);
            element.to_singles(&bytes[2 * element.n_bytes()..][..element.n_bytes()], &mut read);
            assert!(read[0] != 1.0, "{element:?} in the other order");
        }
        // Eight bits of mantissa: the sixteen upper bits of a single.
        Element::Bf16.to_singles(&[0x80, 0x3f, 0xc0, 0xbf, 0x80, 0x7f, 0x49, 0x40], &mut read);
        assert_eq!(read, [1.0, -1.5, f32::INFINITY, 3.140_625]);
        Element::U8.to_singles(&[0, 255], &mut read);
        assert_eq!(read, [0.0, 255.0]);
    }

    #[test]
    fn types_are_known_by_their_names() {
        for (descr, expected) in [
            ("<f2", Some((Element::F16, false))),
            (">f4", Some((Element::F32, true))),
            ("|u1", Some((Element::U8, false))),
            ("<f8", Some((Element::F64, false))),
            ("<i8", None),
            ("|V2", None),
            ("<c8", None),
            ("", None),
            ("µf4", None),
        ] {
            assert_eq!(Element::of_npy(descr), expected, "{descr}");
        }
        assert_eq!((Element::of_tensor(Dtype::BF16), Element::of_tensor(Dtype::I64)), (Some(Element::Bf16), None));
    }
}
