//! Saved spectra in place of images, merging, and exported arrays.

use std::fs::File;

use ndarray::{Array1, Array2, Array3};
use ndarray_npy::{NpzReader, ReadNpyExt};

use super::World;

fn write_parts(world: &World) {
    world.write("a.txt", "photos/00.png\nphotos/01.png\n");
    world.write("b.txt", "photos/02.png\nphotos/03.png\nphotos/04.png\n");
    for part in ["a", "b"] {
        world.succeed(&format!("scan --files-from {part}.txt -o {part} --name {part} -q --plots none"));
    }
}

#[test]
fn a_saved_spectrum_gives_the_numbers_of_its_folder() {
    let world = World::with_photos(7);
    world.succeed("scan photos -o saved -q --plots none --diagonality 5 --coherence --per-channel");
    for (command, tables) in [
        ("rapsd --per-channel", &["rapsd.csv", "rapsd_channels.csv"][..]),
        (
            "covariance --diagonality 5 --coherence",
            &["gamma.npy", "gamma_radial.csv", "color.csv", "coherence.csv", "diagonality.json"][..],
        ),
        ("scan --moments", &["rapsd.csv", "gamma.npy", "gamma_radial.csv"][..]),
        ("export", &["spectrum.npz"][..]),
        ("fit-delta --per-channel", &["local_exponent.csv"][..]),
    ] {
        let (name, options) = command.split_once(' ').unwrap_or((command, ""));
        world.succeed(&format!("{name} photos {options} -o {name}-folder -q --plots none"));
        // What is held does not have to be asked for again.
        let of_scan = if name == "scan" { "" } else { options };
        world.succeed(&format!("{name} saved/photos.spectrum {of_scan} -o {name}-saved -q"));
        for table in tables {
            let (folder, saved) =
                (world.read(&format!("{name}-folder/{table}")), world.read(&format!("{name}-saved/{table}")));
            assert!(folder == saved, "{command}: {table} differs");
        }
    }
    // The radial estimator weights its bins by the spread around the mean image, which takes the images.
    let (folder, saved) = (world.table("fit-delta-folder/fit.csv"), world.table("fit-delta-saved/fit.csv"));
    for (a, b) in folder.rows.iter().zip(&saved.rows) {
        if a[0] != "radial" {
            assert_eq!(a, b);
        }
    }
    let (a, b) = (folder.numbers("delta"), saved.numbers("delta"));
    assert_eq!(a.len(), b.len());
    assert_eq!(world.read("scan-saved/photos.spectrum"), world.read("saved/photos.spectrum"));
    assert!(!world.path("scan-saved/images.csv").exists(), "single images are not in a spectrum");
}

#[test]
fn saved_spectra_refuse_options_that_come_too_late() {
    let world = World::with_photos(3);
    world.succeed("scan photos -o out -q --plots none");
    for option in [
        "--resolution 8",
        "--channels luma",
        "--window hann",
        "--range 0:1",
        "--transform crop",
        "--standardize none",
        "--num 2",
        "--sample 2",
        "--exif apply",
        "--max-pixels 5",
    ] {
        let name = option.split(' ').next().expect("a word");
        world.refuse(&format!("rapsd out/photos.spectrum {option} -o x"), &[name, "has no effect on a saved spectrum"]);
    }
    world.refuse(
        "fit-delta out/photos.spectrum --paper -o x",
        &["--paper takes luma", "--channels luma --standardize pixel"],
    );
    world.refuse("bounds out/photos.spectrum -o x", &["holds no single images"]);
    world.refuse("rapsd out/photos.spectrum photos -o x", &["cannot be mixed", "merge"]);
    let printed = world.succeed("covariance out/photos.spectrum -o x --coherence --plots none");
    assert!(
        printed.stderr.contains("no coherence.csv") && printed.stderr.contains("no diagonality.json"),
        "{}",
        printed.stderr
    );
}

#[test]
fn damaged_spectra_are_refused() {
    let world = World::with_photos(3);
    world.succeed("scan photos -o out -q --plots none");
    let bytes = world.read("out/photos.spectrum");
    let mut damaged = bytes.clone();
    damaged[bytes.len() - 9] ^= 1;
    world.write("damaged.spectrum", &damaged);
    world.write("short.spectrum", &bytes[..bytes.len() - 100]);
    world.write("text.spectrum", "path,reason\n");
    world.write("empty.spectrum", "");
    world.refuse("rapsd damaged.spectrum -o x", &["cannot use damaged.spectrum", "checksum"]);
    for name in ["short", "text", "empty"] {
        let file = format!("{name}.spectrum");
        world.refuse(&format!("rapsd {file} -o x"), &["cannot use", &file, "not a usable .spectrum file"]);
        world.refuse(&format!("merge out/photos.spectrum {file} -o x"), &["cannot use", &file]);
    }
}

#[test]
fn merging_gives_the_whole_and_refuses_what_does_not_fit() {
    let world = World::with_photos(5);
    write_parts(&world);
    world.succeed("scan photos -o whole --name whole -q --plots none");
    let printed = world.succeed("merge b/b.spectrum a/a.spectrum -o merged --name all");
    assert!(printed.stdout.contains("5 images") && printed.stdout.contains("from 2 spectra"), "{}", printed.stdout);
    assert_eq!(world.files("merged"), ["all.spectrum", "merge.json"]);
    assert_eq!(world.json("merged/merge.json")["counts"]["n_images"], 5);
    assert!(world.read("merged/all.spectrum") == world.read("whole/whole.spectrum"));
    // Several spectra given to a command are merged on the way.
    world.succeed("rapsd a/a.spectrum b/b.spectrum -o both -q");
    world.succeed("rapsd whole/whole.spectrum -o one -q");
    assert!(world.read("both/rapsd.csv") == world.read("one/rapsd.csv"));

    world.refuse("merge a/a.spectrum whole/whole.spectrum -o x", &["share images", "--allow-shared"]);
    world.succeed("merge a/a.spectrum whole/whole.spectrum -o shared --allow-shared");
    world.succeed("scan --files-from b.txt -o luma --name luma -q --plots none --channels luma");
    let difference = "channels is rgb in one and luma in the other";
    world.refuse("merge a/a.spectrum luma/luma.spectrum -o x", &["luma.spectrum", difference]);
    world.succeed("scan --files-from a.txt -o p --name p -q --plots none --standardize pixel");
    world.succeed("scan --files-from b.txt -o p --name q -q --plots none --standardize pixel");
    world.refuse("merge p/p.spectrum p/q.spectrum -o x", &["standardised by the pixel means"]);
    assert!(!world.path("x/merged.spectrum").exists());
}

#[test]
fn exported_arrays_have_their_names_and_shapes() {
    let world = World::with_photos(5);
    world.succeed("export photos -o out -q --format npz,safetensors --name set");
    world.succeed("covariance photos -o cov -q --plots none --diagonality 0");
    let mut archive = NpzReader::new(File::open(world.path("out/set.npz")).expect("written")).expect("an archive");
    let mut names: Vec<String> =
        archive.names().expect("names").iter().map(|n| n.trim_end_matches(".npy").to_owned()).collect();
    names.sort();
    // Reference files of the Fréchet distance are told by `mu` and `sigma`.
    assert_eq!(names, ["freq_cpp", "gamma", "mean", "meta_json", "n_images", "n_modes", "rapsd", "rapsd_se"]);
    let name = |n: &str| if archive_has_suffix(&world) { format!("{n}.npy") } else { n.to_owned() };
    let gamma: Array3<f64> = archive.by_name(&name("gamma")).expect("an array");
    assert_eq!(gamma.dim(), (3, 16, 24));
    let mean: Array3<f64> = archive.by_name(&name("mean")).expect("an array");
    assert_eq!(mean.dim(), (3, 16, 24));
    assert!(mean.iter().all(|v| (-1.0..=1.0).contains(v)));
    for array in ["rapsd", "rapsd_se"] {
        let values: Array2<f64> = archive.by_name(&name(array)).expect("an array");
        assert_eq!(values.dim(), (3, 13), "{array}");
    }
    let frequency: Array1<f64> = archive.by_name(&name("freq_cpp")).expect("an array");
    assert_eq!((frequency.len(), frequency[12]), (13, 0.5));
    let n_images: Array1<f64> = archive.by_name(&name("n_images")).expect("an array");
    assert_eq!(n_images.to_vec(), [5.0]);
    let meta: Array1<u8> = archive.by_name(&name("meta_json")).expect("bytes");
    let meta: serde_json::Value = serde_json::from_slice(&meta.to_vec()).expect("JSON");
    assert_eq!(meta["counts"]["n_images"], 5);

    let npy: Array3<f64> =
        Array3::read_npy(File::open(world.path("cov/gamma.npy")).expect("written")).expect("an array");
    assert_eq!(npy, gamma);
    // A covariance of a real image is equal at k and −k.
    assert_eq!(gamma[[1, 3, 5]], gamma[[1, 13, 19]]);

    let bytes = world.read("out/set.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    assert_eq!(tensors.tensor("gamma").expect("a tensor").shape(), [3, 16, 24]);
    assert!(tensors.names().iter().all(|n| n != &"mu" && n != &"sigma"));
    let first = f64::from_le_bytes(tensors.tensor("gamma").expect("a tensor").data()[..8].try_into().expect("8 bytes"));
    assert_eq!(first, gamma[[0, 0, 0]]);
}

fn archive_has_suffix(world: &World) -> bool {
    let mut archive = NpzReader::new(File::open(world.path("out/set.npz")).expect("written")).expect("an archive");
    archive.names().expect("names").iter().any(|n| n.ends_with(".npy"))
}

#[test]
fn lists_can_come_from_standard_input() {
    let world = World::with_photos(4);
    let output = world
        .command("scan --files-from - -o out --plots none -q".split(' '))
        .write_stdin("photos/03.png\nphotos/01.png\n")
        .assert();
    output.code(0);
    assert_eq!(world.table("out/images.csv").column("path"), ["photos/01.png", "photos/03.png"]);
    assert!(world.path("out/dataset.spectrum").exists());
}

#[test]
fn a_plain_scan_leaves_out_what_only_some_ask_for_and_says_how_to_get_it() {
    let world = World::with_photos(6);
    world.succeed("scan photos -o plain -q --plots none");
    world.succeed("scan photos -o moments -q --plots none --moments");
    let size = |name: &str| std::fs::metadata(world.path(name)).expect("there").len();
    assert!(size("plain/photos.spectrum") < size("moments/photos.spectrum"));
    let printed = world.succeed("covariance plain/photos.spectrum -o c --plots none");
    assert!(printed.stderr.contains("kurtosis") && printed.stderr.contains("--moments"), "{}", printed.stderr);
    assert!(world.table("c/gamma_radial.csv").column("kurtosis").iter().all(|cell| cell.is_empty()));
    let printed = world.succeed("covariance moments/photos.spectrum -o c --plots none");
    assert!(!printed.stderr.contains("kurtosis"), "{}", printed.stderr);
    assert!(world.table("c/gamma_radial.csv").column("kurtosis").iter().any(|cell| !cell.is_empty()));
    let printed = world.succeed("fit-delta plain/photos.spectrum -o f --plots none --per-channel");
    assert!(printed.stderr.contains("scan with --per-channel"), "{}", printed.stderr);
    let fits = world.table("f/fit.csv");
    let is_known = |row: &Vec<String>| !row[3].is_empty();
    assert_eq!(fits.rows.iter().filter(|row| is_known(row)).count(), 3, "those of the mean");
    let printed = world.succeed("export plain/photos.spectrum -o e");
    assert!(printed.stderr.contains("no array `rapsd_se`") && printed.stderr.contains("--per-channel"));
    world.refuse("merge plain/photos.spectrum moments/photos.spectrum -o m", &["detail is power in one and full"]);
}
