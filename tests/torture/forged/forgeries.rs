//! Spectra, schedules and samplers as somebody would forge them who knows their formats.

use std::io::{Cursor, Write};

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value, json};

use super::mutants::mutate;

/// Numbers at the ends of what types hold, and beyond what makes sense.
fn extreme(random: &mut impl Rng) -> Value {
    let numbers = [
        json!(0),
        json!(-1),
        json!(1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1u64 << 53),
        json!(8192),
        json!(1e308),
        json!(-1e308),
        json!(1e-320),
        json!(1e3),
        json!(-0.5),
        json!(null),
        json!(""),
        json!([]),
        json!({}),
        json!("rgb"),
    ];
    numbers.choose(random).expect("some").clone()
}

/// Pointers to everything in a JSON value that holds nothing.
pub fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, v)| leaves(v, &format!("{at}/{name}"), found)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{at}/{i}"), found)),
        _ => found.push(at.to_owned()),
    }
}

/// Replaces a few leaves by extreme values.
pub fn forge_json(value: &mut Value, random: &mut impl Rng) {
    let mut found = Vec::new();
    leaves(value, "", &mut found);
    for _ in 0..random.random_range(1..3) {
        let leaf = found.choose(random).and_then(|leaf| value.pointer_mut(leaf)).expect("a leaf");
        *leaf = match leaf.as_f64() {
            Some(number) if random.random_bool(0.3) => json!(number * 10f64.powi(random.random_range(-9..9))),
            _ => extreme(random),
        };
    }
}

/// Type, shape and data.
type Tensor = (Dtype, Vec<usize>, Vec<u8>);

/// A spectrum with a changed header or tensors, and a checksum that fits.
pub fn forge_spectrum(bytes: &[u8], random: &mut impl Rng) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("safetensors");
    let text = &metadata.metadata().as_ref().expect("metadata")["specscan"];
    let mut header: Value = serde_json::from_str(text).expect("JSON");
    let own =
        |(name, view): (String, TensorView<'_>)| (name, (view.dtype(), view.shape().to_vec(), view.data().to_vec()));
    let mut tensors: Vec<(String, Tensor)> = file.tensors().into_iter().map(own).collect();
    tensors.sort();
    if random.random_bool(0.6) {
        forge_json(&mut header, random);
    }
    for _ in 0..random.random_range(0..4) {
        let i = random.random_range(0..tensors.len());
        if tensors.len() > 1 && random.random_bool(0.1) {
            drop(tensors.remove(i));
            continue;
        }
        let (_, (dtype, shape, data)) = &mut tensors[i];
        let n_words = data.len() / 8;
        match random.random_range(0..5) {
            0 => *dtype = *[Dtype::I64, Dtype::U64, Dtype::F64].choose(random).expect("some"),
            1 => *shape = vec![n_words],
            2 => random.fill(&mut data[..]),
            3 => data.fill(0xFF),
            _ if n_words > 0 => {
                let word = [0, 1, u64::MAX, 1 << 63, 1 << 62, 0x7FFF].choose(random).expect("some");
                let at = 8 * random.random_range(0..n_words);
                data[at..at + 8].copy_from_slice(&word.to_le_bytes());
            }
            _ => {}
        }
    }
    header["checksum"] = "".into();
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(header.to_string().as_bytes());
    for (name, (_, _, data)) in &tensors {
        hasher.update(name.as_bytes());
        hasher.update(data);
    }
    header["checksum"] = format!("{:032x}", hasher.digest128()).into();
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).expect("the data fit"))
    });
    safetensors::serialize(views, Some([("specscan".to_owned(), header.to_string())].into())).expect("serialises")
}

/// A schedule with the name of its file: archives with forged arrays, mutated ones, bombs, and odd texts.
pub fn forge_schedule(random: &mut impl Rng) -> (&'static str, Vec<u8>) {
    let number = |random: &mut _| extreme(random).to_string();
    let archive = |array: &[u8]| {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("sigmas.npy", zip::write::SimpleFileOptions::default()).expect("begun");
        archive.write_all(array).expect("written");
        archive.finish().expect("whole").into_inner()
    };
    let array = |descr: &str, shape: &str, data: &[u8]| {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = (text.len() as u16).to_le_bytes();
        [&b"\x93NUMPY\x01\x00"[..], &length, text.as_bytes(), data].concat()
    };
    let sigmas: Vec<u8> = [80.0f64, 1.0, 0.1].iter().flat_map(|v| v.to_le_bytes()).collect();
    match random.random_range(0..6) {
        0 => {
            let shape = format!("({}, {})", number(random), number(random));
            let descr = ["'<f8'", "'|O'", "'<f4'", "'>f8'", "'<i8'", "[('a', '<f8')]"].choose(random).expect("some");
            ("f.npz", archive(&array(descr, &shape, &sigmas)))
        }
        1 => {
            let mut bytes = archive(&array("'<f8'", "(3,)", &sigmas));
            mutate(&mut bytes, random);
            ("f.npz", bytes)
        }
        2 => {
            let mut data = sigmas;
            random.fill(&mut data[..]);
            ("f.npz", archive(&array("'<f8'", "(3,)", &data)))
        }
        3 => ("f.npz", archive(&array("'<f8'", "(1099511627776,)", &vec![0; 16 << 20]))),
        4 => ("f.csv", format!("step,sigma\n0,{}\n1,{}\n", number(random), number(random)).into_bytes()),
        _ => {
            let deep = if random.random_bool(0.5) { "[".repeat(100_000) } else { String::new() };
            ("f.json", format!("{deep}[{}, 1.5, {}]", number(random), number(random)).into_bytes())
        }
    }
}
