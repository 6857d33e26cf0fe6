//! Help, dry runs, JSON, silence, and what happens with very few images.

use super::World;

const COMMANDS: [&str; 6] = ["scan", "rapsd", "covariance", "fit-delta", "merge", "export"];

#[test]
fn help_of_every_command_names_its_files_and_options() {
    let world = World::create();
    let files: [(&str, &[&str]); 6] = [
        ("scan", &["NAME.spectrum", "images.csv", "rapsd.csv", "gamma.npy", "gamma_radial.csv", "--files-from"]),
        ("rapsd", &["rapsd.csv", "rapsd_images.csv", "--per-channel"]),
        ("covariance", &["gamma.npy", "gamma_radial.csv", "color.csv", "diagonality.json", "--coherence"]),
        ("fit-delta", &["fit.csv", "local_exponent.csv", "--paper", "--fit-low", "--cross-mask"]),
        ("merge", &[".spectrum", "--allow-shared"]),
        ("export", &["gamma", "mean", "rapsd", "freq_cpp", "n_modes", "safetensors"]),
    ];
    for (command, parts) in files {
        let printed = world.succeed(&format!("{command} --help"));
        assert_eq!(printed.stderr, "", "{command}");
        for part in parts.iter().chain(&["Usage: specscan", "--out", "--json", "Example: specscan"]) {
            assert!(printed.stdout.contains(part), "{command} --help does not name {part}:\n{}", printed.stdout);
        }
    }
    let printed = world.succeed("--help");
    for part in COMMANDS.iter().chain(&["Exit codes", "130"]) {
        assert!(printed.stdout.contains(part), "--help does not name {part}:\n{}", printed.stdout);
    }
    assert!(world.succeed("--version").stdout.starts_with("specscan "));
    assert_eq!(world.files("."), Vec::<String>::new(), "help writes nothing");
}

#[test]
fn without_a_command_the_help_is_shown_and_nothing_done() {
    let output = World::create().command::<&str>([]).assert().code(2);
    assert!(String::from_utf8_lossy(&output.get_output().stderr).contains("Usage: specscan"));
}

#[test]
fn a_dry_run_writes_nothing() {
    let world = World::with_photos(5);
    world.succeed("scan photos -o kept --plots none -q");
    let kept = world.files("kept");
    for command in ["scan", "rapsd", "covariance", "fit-delta", "export"] {
        let printed = world.succeed(&format!("{command} photos --dry-run --standardize pixel -j 2 -o out"));
        for part in ["5 (", "24×16", "none", "passes        2", "threads       2", "memory", "out"] {
            assert!(printed.stdout.contains(part), "{command}: `{part}` is missing in:\n{}", printed.stdout);
        }
        let plan = world.succeed(&format!("{command} photos --dry-run --json -o out")).json();
        assert_eq!((&plan["n_files"], &plan["passes"]), (&5.into(), &1.into()), "{command}");
        assert!(plan["memory_bytes"].as_u64().expect("a number") > 0);
        world.succeed(&format!("{command} kept/photos.spectrum --dry-run -o out"));
        world.succeed(&format!("{command} kept/photos.spectrum --dry-run --json -o out")).json();
        assert_eq!(world.files("out"), Vec::<String>::new(), "{command}");
    }
    assert_eq!(world.files("."), ["kept", "photos"]);
    assert_eq!(world.files("kept"), kept);
}

#[test]
fn json_is_one_object_on_stdout_and_nothing_else() {
    let world = World::with_photos(4);
    let keys: [(&str, &[&str]); 5] = [
        ("scan", &["counts", "preprocess", "content_id", "channel_means", "pixel_std", "fit"]),
        ("rapsd", &["counts", "preprocess", "rapsd"]),
        ("covariance --diagonality 4", &["counts", "preprocess", "gamma_radial", "color", "diagonality"]),
        ("fit-delta --cross-mask none", &["counts", "preprocess", "fits", "failures"]),
        ("export", &["counts", "arrays"]),
    ];
    for (command, keys) in keys {
        let (name, options) = command.split_once(' ').unwrap_or((command, ""));
        let object = world.succeed(&format!("{name} photos {options} --json -o out --plots none")).json();
        for key in keys.iter().chain(&["schema_version"]) {
            assert!(object.contains_key(*key), "{command}: no {key} in {:?}", object.keys());
        }
        assert_eq!(object["counts"]["n_images"], 4, "{command}");
    }
    world.succeed("scan photos -o a -q --plots none --name a --num 2");
    world.write("rest.txt", "photos/02.png\nphotos/03.png\n");
    world.succeed("scan --files-from rest.txt -o b -q --plots none --name b");
    let merged = world.succeed("merge a/a.spectrum b/b.spectrum -o out --json").json();
    assert_eq!(merged["counts"]["n_images"], 4);
}

#[test]
fn quiet_is_silent_and_still_gives_json() {
    let world = World::with_photos(4);
    for command in ["scan", "rapsd", "covariance --diagonality 0", "fit-delta --cross-mask none", "export"] {
        let (name, options) = command.split_once(' ').unwrap_or((command, ""));
        let printed = world.succeed(&format!("{name} photos {options} -q -o out"));
        assert_eq!((printed.stdout.as_str(), printed.stderr.as_str()), ("", ""), "{command}");
        let printed = world.succeed(&format!("{name} photos {options} -q --json -o out"));
        assert_eq!(printed.stderr, "", "{command}");
        printed.json();
    }
}

#[test]
fn results_go_to_stdout_and_everything_else_to_stderr() {
    let world = World::with_photos(4);
    let printed = world.succeed("scan photos -o out");
    assert!(
        printed.stderr.contains("wrote images.csv, photos.spectrum, rapsd.csv and 7 more to out"),
        "{}",
        printed.stderr
    );
    let printed = world.succeed("scan photos -o out -v");
    assert!(printed.stdout.contains("4 images at 24×16 rgb, none"), "{}", printed.stdout);
    assert!(!printed.stdout.contains("wrote"), "{}", printed.stdout);
    assert!(printed.stderr.contains("wrote") && printed.stderr.contains("photos.spectrum"), "{}", printed.stderr);
    let files = world.files("out");
    for file in &files {
        assert!(file == "scan.json" || printed.stderr.contains(file), "{file} is not named in {}", printed.stderr);
    }
    let expected = [
        "gamma.npy",
        "gamma.png",
        "gamma.svg",
        "gamma_radial.csv",
        "images.csv",
        "photos.spectrum",
        "rapsd.csv",
        "rapsd.png",
        "rapsd.svg",
        "scan.json",
    ];
    assert_eq!(files, expected);
}

#[test]
fn one_image_is_scanned_and_what_is_missing_is_said() {
    let world = World::with_photos(1);
    let printed = world.succeed("scan photos -o out --plots none");
    assert!(printed.stdout.contains("1 image at"), "{}", printed.stdout);
    assert!(
        printed.stderr.contains("no gamma.npy") && printed.stderr.contains("at least 2 images"),
        "{}",
        printed.stderr
    );
    assert_eq!(world.files("out"), ["images.csv", "photos.spectrum", "rapsd.csv", "scan.json"]);
    assert!(world.table("out/rapsd.csv").column("power_std").iter().all(|cell| cell.is_empty()));
    world.succeed("rapsd photos -o out --plots none");
    let printed = world.succeed("export photos -o out");
    assert!(printed.stderr.contains("no array `gamma`"), "{}", printed.stderr);
    for command in ["covariance", "fit-delta"] {
        let printed = super::Printed::from(world.run(&format!("{command} photos -o {command}")).code(2).get_output());
        assert!(printed.stderr.contains("at least 2 images"), "{command}: {}", printed.stderr);
        assert!(printed.stderr.contains("add images"), "{command}: {}", printed.stderr);
        assert_eq!(world.files(command), Vec::<String>::new(), "{command}");
    }
}

#[test]
fn three_images_are_enough_for_every_table() {
    let world = World::create();
    super::write_uniform(&world.path("photos"), 3, 48, 40);
    for command in ["scan", "rapsd", "covariance --diagonality 8", "fit-delta", "export"] {
        let (name, options) = command.split_once(' ').unwrap_or((command, ""));
        world.succeed(&format!("{name} photos {options} -o out"));
    }
    let fits = world.table("out/fit.csv");
    assert_eq!(fits.column("n_images"), vec!["3"; fits.rows.len()]);
    assert_eq!(fits.rows.len(), 3, "three estimators on the channels' mean");
    // Three files say nothing of others of their kind.
    for column in ["delta_low95", "delta_high95"] {
        assert!(fits.column(column).iter().all(|cell| cell.is_empty()), "{column}");
    }
    super::write_uniform(&world.path("photos"), 6, 48, 40);
    world.succeed("fit-delta photos -o out --per-channel");
    let fits = world.table("out/fit.csv");
    assert_eq!(fits.rows.len(), 12, "on the mean and three channels");
    let (low, high) = (fits.numbers("delta_low95"), fits.numbers("delta_high95"));
    for (delta, (low, high)) in fits.numbers("delta").into_iter().zip(low.into_iter().zip(high)) {
        assert!(low < delta && delta < high, "{low} {delta} {high}");
    }
}
