//! docs/files.md against what is written: every command runs once, and each file, column, key and array has its place
//! there, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use super::World;

/// Commands that between them write every file there is, each to `out/N`; `{N}` is the folder of command N.
const COMMANDS: [&str; 30] = [
    "scan photos bad --max-skipped 1 --coherence --diagonality 8 --detectors",
    "rapsd photos --per-channel",
    "rapsd photos --images npy",
    "covariance photos --coherence --diagonality 8",
    "fit-delta photos",
    "noise --resolution 16 --count 1 --family white",
    "noise photos --count 1 --family white --family matched --color",
    "distance photos --samples 2 --full-covariance 4",
    "offset photos",
    "blur-noise photos",
    "snr photos --steps 30",
    "bounds large",
    "schedule photos",
    "schedule photos --dataset",
    "schedule fit-sampler many --max-components 1",
    "schedule sample {14}/sampler.json --count 2",
    "export photos --format npz,safetensors",
    "scan more --name more --plots none",
    "scan photos --name photos --plots none --coherence",
    "scan more --name more --plots none --coherence",
    "merge {18}/photos.spectrum {19}/more.spectrum",
    "rapsd photos odd --transform none --resolution 40x48 --plots none",
    "rapsd photos large --by-input --resolution 32 --plots none",
    "compare photos more",
    "recommend photos --resolution 32 --resolutions 16 --for edm,edm2,diffusers,k-diffusion,kohya,flow,ddpm,comfyui",
    "scan latents.npy",
    "inspect flat",
    "check flat --init",
    "check flat --policy {27} --exit-zero",
    "recommend classes --by-class --resolution 16",
];

/// The first cells of the rows of a section's tables, one entry for each name between backticks.
fn names_in_rows(section: &str) -> BTreeSet<String> {
    let first_cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    first_cells.flat_map(names_in).collect()
}

/// What stands between backticks.
fn names_in(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The sections of docs/files.md: the names in each heading of files, and the text below it.
fn sections(document: &str) -> Vec<(Vec<String>, &str)> {
    let parts = document.split("\n### ").skip(1);
    parts
        .map(|part| {
            let (heading, text) = part.split_once('\n').expect("text below a heading");
            (names_in(heading), text.split("\n## ").next().unwrap_or(text))
        })
        .collect()
}

/// A file's name as docs/files.md has it.
fn documented_name(file: &str) -> String {
    let (stem, ending) = file.rsplit_once('.').expect("an ending");
    match (stem, ending) {
        (_, "json") if specscan::report::own_results::COMMANDS.contains(&stem) => "COMMAND.json".to_owned(),
        ("trainer_schedule", _) => file.to_owned(),
        (_, "spectrum" | "safetensors") | ("spectrum", "npz") => format!("NAME.{ending}"),
        _ if stem.starts_with("inspect/") => format!("inspect/FINDING.{ending}"),
        _ => {
            let family = stem.strip_prefix("noise_").map(|rest| rest.trim_end_matches("_00000"));
            match family {
                Some(family) if family != "00000" => file.replacen(family, "FAMILY", 1),
                _ => file.to_owned(),
            }
        }
    }
}

/// A column's name as docs/files.md has it: some tables have one per annulus or per channel.
fn documented_column(file: &str, column: &str) -> String {
    match file {
        "rapsd_images.csv" if column.starts_with("power_bin_") => "power_bin_J".to_owned(),
        "images.csv" if column.starts_with("vector_") => "vector_K".to_owned(),
        "recommend_by_class.csv" => specscan::analysis::recommend::by_class::CLASS_SETTINGS
            .iter()
            .find_map(|name| Some(format!("SETTING{}", column.strip_prefix(name)?)))
            .unwrap_or_else(|| column.to_owned()),
        "color.csv" if ["r", "g", "b"].contains(&column) => "CHANNEL".to_owned(),
        _ => column.to_owned(),
    }
}

/// The names of the columns, keys or arrays of a file; none for other files.
fn parts_of(world: &World, path: &str, file: &str) -> BTreeSet<String> {
    let bytes = world.read(path);
    match file.rsplit_once('.').expect("an ending").1 {
        "csv" => world.table(path).header.iter().map(|column| documented_column(file, column)).collect(),
        "json" => world.json(path).as_object().expect("an object").keys().cloned().collect(),
        "npz" => {
            let archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip archive");
            archive.file_names().map(|name| name.trim_end_matches(".npy").to_owned()).collect()
        }
        "safetensors" | "spectrum" => {
            let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
            // Sums are pairs of halves.
            tensors.iter().map(|(name, _)| name.trim_end_matches(".hi").trim_end_matches(".lo").to_owned()).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// Every file that the commands write, as docs/files.md calls it, with its columns, keys or arrays.
fn written() -> BTreeMap<String, BTreeSet<String>> {
    let world = World::create();
    super::write_uniform(&world.path("photos"), 12, 48, 40);
    super::write_uniform(&world.path("large"), 2, 64, 64);
    super::write_uniform(&world.path("many"), 30, 16, 16);
    for i in 0..3 {
        super::sets::save(&world.path(format!("more/{i}.png")), &super::sets::picture(48, 40, 100 + i).into());
    }
    world.write("bad/empty.png", "");
    for i in 0..2 {
        let flat = image::RgbImage::from_pixel(64, 64, image::Rgb([90; 3]));
        super::sets::save(&world.path(format!("flat/{i}.png")), &flat.into());
    }
    super::write_uniform(&world.path("odd"), 1, 20, 30);
    for class in ["classes/a", "classes/b"] {
        super::write_uniform(&world.path(class), 5, 24, 24);
    }
    let shape = [6, 4, 16, 16];
    world.write("latents.npy", super::arrays::npy(&super::arrays::normal(shape.iter().product(), 1), "<f2", &shape));
    let mut files = BTreeMap::<String, BTreeSet<String>>::new();
    for (i, command) in COMMANDS.iter().enumerate() {
        let words = command.replace('{', "out/").replace('}', "");
        let folder = format!("out/{i}");
        world.succeed(&format!("{words} -o {folder} -q"));
        // Folders of single inputs hold what one command leaves.
        let below = specscan::dataset::RESULT_FOLDERS.into_iter().flat_map(|name| {
            world.files(&format!("{folder}/{name}")).into_iter().map(move |file| format!("{name}/{file}"))
        });
        for file in world.files(&folder).into_iter().filter(|name| name.contains('.')).chain(below) {
            let mut parts = parts_of(&world, &format!("{folder}/{file}"), &file);
            let name = documented_name(&file);
            if name == "COMMAND.json" {
                // What a manifest has beside what every manifest has is a result of that name.
                let of_all = parts_of(&world, "out/0/scan.json", "scan.json");
                let own: BTreeSet<String> = parts.difference(&of_all).cloned().collect();
                if !own.is_empty() {
                    files.entry(file).or_default().extend(own);
                }
                parts = of_all;
            }
            files.entry(name).or_default().extend(parts);
        }
    }
    // No picture of any command is an image of a set that the results lie in.
    let listed = specscan::dataset::list_inputs(&[world.path("out")]);
    assert!(matches!(listed, Err(specscan::dataset::ListError::NoImages { .. })), "{listed:?}");
    files
}

/// Fails with what only one of both has.
fn assert_same(documented: &BTreeSet<String>, written: &BTreeSet<String>, of: &str) {
    let missing: Vec<_> = written.difference(documented).collect();
    let stale: Vec<_> = documented.difference(written).collect();
    assert!(missing.is_empty() && stale.is_empty(), "{of}: docs/files.md lacks {missing:?}, nothing writes {stale:?}");
}

#[test]
fn the_document_has_what_is_written_and_nothing_else() {
    let document =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/files.md")).expect("the document");
    let (_, plots) = document.split_once("\n## Plots\n").expect("a section about plots");
    let mut documented = names_in_rows(plots.split("\n## ").next().unwrap_or(plots));
    let sections = sections(&document);
    documented.extend(sections.iter().flat_map(|(names, _)| names.clone()));
    let written = written();
    assert_same(&documented, &written.keys().cloned().collect(), "files");
    for (names, text) in sections {
        let parts: BTreeSet<String> = names.iter().flat_map(|name| written[name].clone()).collect();
        if !parts.is_empty() {
            assert_same(&names_in_rows(text), &parts, &names.join(", "));
        }
    }
}
