//! Arrays for tests: numbers, and the files that hold them, written byte by byte.
#![allow(dead_code)]

use std::io::{Cursor, Write};

use half::{bf16, f16};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// `n` independent standard normal numbers.
pub fn normal(n: usize, seed: u64) -> Vec<f32> {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| StandardNormal.sample(&mut random)).collect()
}

/// The same numbers, rounded to halves.
pub fn halves(values: &[f32]) -> Vec<f32> {
    values.iter().map(|v| f16::from_f32(*v).to_f32()).collect()
}

/// The bytes of `values` as elements of the type called `descr` in NPY files; `<bf2` stands for bfloat16.
pub fn bytes(values: &[f32], descr: &str) -> Vec<u8> {
    let each = |v: &f32| match descr {
        "<f2" => f16::from_f32(*v).to_le_bytes().to_vec(),
        ">f2" => f16::from_f32(*v).to_be_bytes().to_vec(),
        "<bf2" => bf16::from_f32(*v).to_le_bytes().to_vec(),
        "<f4" => v.to_le_bytes().to_vec(),
        ">f4" => v.to_be_bytes().to_vec(),
        "<f8" => f64::from(*v).to_le_bytes().to_vec(),
        "|u1" => vec![*v as u8],
        _ => panic!("no type {descr}"),
    };
    values.iter().flat_map(each).collect()
}

/// The header of an array in NPY format.
pub fn npy_header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let extents: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({extents}), }}");
    let padded = format!("{text:<117}\n");
    [b"\x93NUMPY\x01\x00", &u16::try_from(padded.len()).expect("short").to_le_bytes()[..], padded.as_bytes()].concat()
}

/// An array in NPY format.
pub fn npy(values: &[f32], descr: &str, shape: &[usize]) -> Vec<u8> {
    [npy_header(descr, shape), bytes(values, descr)].concat()
}

/// An archive of arrays.
pub fn npz(members: &[(&str, Vec<u8>)], is_deflated: bool) -> Vec<u8> {
    let method = if is_deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in members {
        archive.start_file(format!("{name}.npy"), options).expect("begun");
        archive.write_all(array).expect("written");
    }
    archive.finish().expect("whole").into_inner()
}

/// A safetensors file; each tensor has a name, a type as in its header, a shape and bytes.
pub fn tensors(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let (mut header, mut start) = (serde_json::Map::new(), 0);
    for (name, dtype, shape, bytes) in tensors {
        let end = start + bytes.len();
        header.insert(
            (*name).to_owned(),
            serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]}),
        );
        start = end;
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    tensors.iter().for_each(|(.., bytes)| file.extend(bytes));
    file
}
