//! `--decode-scale`: where it is recorded, what it may be compared with, and where it has no place.

use super::World;
use super::sets::{picture, save};

/// Six JPEGs in `photos`, over four and over eight times 32 pixels.
fn with_photographs() -> World {
    let world = World::create();
    for i in 0..6 {
        let (width, height) = if i < 3 { (300, 280) } else { (150, 170) };
        save(&world.path(format!("photos/{i}.jpg")), &picture(width, height, i).into());
    }
    world
}

#[test]
fn it_is_recorded_and_the_sizes_of_the_files_stay_theirs() {
    let world = with_photographs();
    let plan = world.succeed("scan photos --resolution 32 --decode-scale --dry-run");
    assert!(plan.stdout.contains("center-crop-dhariwal after --decode-scale"), "{}", plan.stdout);
    world.succeed("scan photos --resolution 32 -o exact --plots none");
    let printed = world.succeed("scan photos --resolution 32 --decode-scale -o scaled --plots none -v");
    assert!(printed.stdout.contains("center-crop-dhariwal after --decode-scale"), "{}", printed.stdout);
    for (out, is_scaled) in [("exact", false), ("scaled", true)] {
        assert_eq!(world.json(&format!("{out}/scan.json"))["preprocess"]["decode_scale"], is_scaled);
        let info = world.succeed(&format!("info {out}/photos.spectrum --json")).json();
        assert_eq!(info["preprocess"]["decode_scale"], is_scaled, "{info:?}");
        let table = world.table(&format!("{out}/images.csv"));
        assert_eq!(table.numbers("width_px"), [300.0, 300.0, 300.0, 150.0, 150.0, 150.0]);
        assert_eq!(table.numbers("height_px"), [280.0, 280.0, 280.0, 170.0, 170.0, 170.0]);
    }
    assert_ne!(world.read("exact/rapsd.csv"), world.read("scaled/rapsd.csv"));
    // For 75 pixels none of them is large enough, and the pixels are the same.
    for (out, option) in [("a", ""), ("b", "--decode-scale")] {
        world.succeed(&format!("scan photos --resolution 75 {option} -o {out} --plots none"));
    }
    for name in ["rapsd.csv", "images.csv", "gamma.npy"] {
        assert_eq!(world.read(&format!("a/{name}")), world.read(&format!("b/{name}")), "{name}");
    }
}

#[test]
fn it_is_not_compared_or_merged_with_exact_spectra() {
    let world = with_photographs();
    for (out, option) in [("exact", ""), ("scaled", "--decode-scale")] {
        world.succeed(&format!("scan photos --resolution 32 {option} -o {out} --plots none -q"));
    }
    let both = "exact/photos.spectrum scaled/photos.spectrum";
    world.refuse(
        &format!("compare {both} -o x"),
        &["prepared differently", "--decode-scale false and true", "--allow-different-preprocess"],
    );
    world.succeed(&format!("compare {both} -o y -q --plots none --allow-different-preprocess"));
    world.refuse(&format!("merge {both} -o z --allow-shared"), &["decode-scale is false in one and true in the other"]);
    // A folder is prepared as the saved spectrum was: nothing differs.
    world.succeed("compare scaled/photos.spectrum photos -o w -q --plots none");
    let report = world.json("w/compare.json");
    assert_eq!(report["sets"][1]["preprocess"]["decode_scale"], true);
    assert_eq!(report["comparisons"][0]["log_spectral_distance_db"], 0.0);
    let contradiction = "compare exact/photos.spectrum photos --decode-scale -o x";
    world.refuse(contradiction, &["--decode-scale contradicts the saved spectrum"]);
}

#[test]
fn it_is_refused_where_pixels_are_taken_as_they_are() {
    let world = with_photographs();
    for transform in ["crop", "tile"] {
        let words = format!("scan photos --resolution 32 --transform {transform} --decode-scale -o x");
        world.refuse(&words, &["--decode-scale", &format!("--transform {transform}"), "leave it out"]);
    }
    for command in ["inspect photos", "scan photos --detectors"] {
        let words = format!("{command} --resolution 32 --decode-scale -o x");
        world.refuse(&words, &["the detectors", "--decode-scale", "leave it out"]);
    }
    let sizes = "recommend photos --resolution 32 --resolutions 16,64 --decode-scale -o x";
    world.refuse(sizes, &["--decode-scale decodes for one size", "--resolutions", "one of the two"]);
    world.succeed("scan photos --resolution 32 --decode-scale -o scaled --plots none -q");
    let again = "rapsd scaled/photos.spectrum --decode-scale -o x";
    world.refuse(again, &["--decode-scale"]);
    world.write("policy.toml", "[[check]]\nname = \"few\"\nmetric = \"delta\"\nmin = 0.1\n");
    let check = "check photos --policy policy.toml --baseline scaled/photos.spectrum -o x";
    world.refuse(check, &["the detectors", "a baseline that was made with it"]);
}
