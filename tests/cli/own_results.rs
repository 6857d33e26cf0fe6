//! What specscan wrote earlier: its plots are no photographs, its old tables not those of this run, and its spectra no folders.

use super::World;

#[test]
fn results_below_the_images_are_not_taken_for_images() {
    let world = World::with_photos(5);
    for n_run in 1..=2 {
        let printed = world.succeed("scan photos -o photos/specscan-out");
        assert!(printed.stdout.starts_with("5 images"), "run {n_run}: {}", printed.stdout);
        let said = printed.stderr.contains("left out 2 plots of specscan's own (the first is specscan-out/gamma.png)");
        assert_eq!(said, n_run == 2, "{}", printed.stderr);
        assert!(world.path("photos/specscan-out/rapsd.png").exists(), "there is a plot to be mistaken");
    }
}

#[test]
fn results_among_the_images_are_not_taken_for_images() {
    let world = World::with_photos(5);
    // The second run rewrites run.json, which then has to remember the plots of the first.
    for command in ["fit-delta", "rapsd", "scan"] {
        let printed = world.succeed(&format!("{command} photos -o photos"));
        assert!(printed.stdout.starts_with("5 images"), "{command}: {}", printed.stdout);
    }
    let run = world.json("photos/run.json");
    let earlier: Vec<&str> =
        run["earlier_files"].as_array().expect("a list").iter().filter_map(|f| f.as_str()).collect();
    assert!(earlier.contains(&"fit.png") && !earlier.contains(&"rapsd.png"), "{earlier:?}");
}

#[test]
fn images_in_a_folder_that_received_results_are_still_images() {
    let world = World::create();
    for class in ["cats", "dogs"] {
        super::write_uniform(&world.path(format!("set/{class}")), 3, 24, 16);
    }
    world.succeed("rapsd set/cats -o set/cats -q");
    let printed = world.succeed("rapsd set -o out");
    assert!(printed.stdout.starts_with("6 images"), "{}", printed.stdout);
    assert!(printed.stderr.contains("left out 1 plots"), "{}", printed.stderr);
}

#[test]
fn a_folder_of_results_in_place_of_its_spectrum_is_met_with_the_spectrum() {
    let world = World::with_photos(5);
    world.succeed("scan photos -o saved -q");
    world.refuse("fit-delta saved", &["no images in saved", "did you mean the saved spectrum", "photos.spectrum"]);
}

#[test]
fn tables_of_an_earlier_run_do_not_outlive_it() {
    let world = World::with_photos(5);
    world.write("photos/bad.png", "");
    world.succeed("rapsd photos --per-channel --max-skipped 1 -o out -q --plots none");
    for name in ["skipped.csv", "rapsd_channels.csv", "rapsd_images.csv"] {
        assert!(world.path("out").join(name).exists(), "{name}");
    }
    std::fs::remove_file(world.path("photos/bad.png")).expect("removed");
    world.succeed("rapsd photos --images none -o out -q --plots none");
    assert_eq!(world.files("out"), ["rapsd.csv", "run.json"]);
}

#[test]
fn images_that_cannot_be_used_are_found_before_all_are_read() {
    let world = World::with_photos(5);
    let looked = "none of the 5 images looked at can be used (first: 00.png";
    world.refuse("scan photos --transform none --resolution 8 -o out", &[looked]);
    world.refuse("rapsd photos --resolution 512 -o out", &[looked, "too small for 512×512"]);
    assert!(!world.path("out").exists());
}

#[test]
fn fits_that_cannot_be_are_found_before_the_images_are_read() {
    let world = World::with_photos(5);
    world.refuse("fit-delta photos --fit-low 0.4999 --fit-high 0.49995 -o out", &["retains 0"]);
    assert!(!world.path("out").exists());
}
