//! Options that cannot be, inputs that are none, and folders that cannot be written: exit code 2 before any work.

use super::World;

#[test]
fn unknown_options_and_commands_name_the_nearest() {
    let world = World::with_photos(2);
    world.refuse("scan photos --resoluton 64", &["--resoluton", "--resolution"]);
    world.refuse("fit-delta photos --croos-mask 2", &["--cross-mask"]);
    world.refuse("scna photos", &["scna", "scan"]);
    world.refuse("covarience photos", &["covariance"]);
    world.refuse("scan photos --transform centre-crop", &["center-crop-dhariwal", "tile"]);
    world.refuse("scan photos --channels grb", &["rgb", "luma", "ycbcr"]);
    assert_eq!(world.files("."), ["photos"]);
}

#[test]
fn values_out_of_range_are_refused_with_what_is_right() {
    let world = World::with_photos(2);
    let cases: [(&str, &[&str]); 26] = [
        ("--resolution 0", &["--resolution", "1 to 8192"]),
        ("--resolution abc", &["--resolution", "abc", "number of pixels", "128, 128x192", "auto"]),
        ("--resolution 16x", &["--resolution", "number of pixels", "128x192"]),
        ("--resolution 99999", &["--resolution", "1 to 8192"]),
        ("--resolution -5", &["-5"]),
        ("--threads 0", &["--threads", "at least one"]),
        ("--threads two", &["--threads"]),
        ("--threads 100000", &["--threads 100000", "at most 1024"]),
        ("--io-threads 257", &["--io-threads 257", "at most 256"]),
        ("--range 1:-1", &["--range", "black", "smaller"]),
        ("--range 1:1", &["--range"]),
        ("--range 5", &["--range", "colon"]),
        ("--range nan:1", &["--range"]),
        ("--range 0:1e9", &["--range", "10000"]),
        ("--max-skipped lots", &["--max-skipped", "1%"]),
        ("--max-skipped 101%", &["--max-skipped", "100%"]),
        ("--plots jpeg", &["--plots", "svg", "pdf", "none"]),
        ("--plot-width 3.4", &["--plot-width", "3.4in", "px"]),
        ("--plot-width 1cm", &["--plot-width", "2.5in"]),
        ("--window kaiser", &["--window", "hann"]),
        ("--standardize all", &["--standardize", "pixel"]),
        ("--progress sometimes", &["--progress", "never"]),
        ("--num 2 --sample 2", &["--num", "--sample"]),
        ("--quiet --verbose", &["--quiet", "--verbose"]),
        ("--resolution 16x24 --transform adm", &["squares", "--resolution", "crop"]),
        ("--num 0", &["--num", "at least"]),
    ];
    for (options, parts) in cases {
        world.refuse(&format!("rapsd photos -o out {options}"), parts);
    }
    for (options, parts) in [
        ("--fit-low 0.4 --fit-high 0.2", ["--fit-low", "empty"]),
        ("--cross-mask few", ["--cross-mask", "none"]),
        ("--paper --fit-low 0.1", ["--paper", "--fit-low"]),
    ] {
        world.refuse(&format!("fit-delta photos -o out {options}"), &parts);
    }
    world.refuse("scan photos -o out --diagonality 64", &["--diagonality", "32"]);
    for name in ["../x", "a/b", ""] {
        let output = world.command(["scan", "photos", "-o", "out", "--plots", "none", "--name", name]).assert().code(2);
        let message = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(message.contains("plain name"), "--name `{name}`: {message}");
    }
    assert!(!world.path("x.spectrum").exists());
}

#[test]
fn plots_fit_the_column_of_a_paper() {
    let world = World::with_photos(6);
    world.succeed("rapsd photos -q -o out --plots svg,pdf --plot-width 3.4in --no-title");
    let svg = String::from_utf8(world.read("out/rapsd.svg")).expect("text");
    assert!(svg.starts_with("<svg") && svg.contains(" width=\"326.4\""), "{}", &svg[..200]);
    assert!(
        svg.contains("cycles/pixel") && !svg.contains("Power falls"),
        "the axes are named, the heading is not there"
    );
    let pdf = String::from_utf8_lossy(&world.read("out/rapsd.pdf")).into_owned();
    assert!(pdf.starts_with("%PDF-") && pdf.contains("/MediaBox [0 0 244.8 "), "{}", &pdf[..200]);
    assert!(!world.files("out").contains(&"rapsd.png".to_owned()));
    // A run that draws none takes those of an earlier one away.
    world.succeed("rapsd photos -q -o out --plots none");
    assert!(world.files("out").iter().all(|name| !name.starts_with("rapsd.p") && !name.ends_with(".svg")));
}

#[test]
fn a_typo_in_a_folder_is_met_with_the_nearest_name() {
    let world = World::with_photos(2);
    for command in ["scan", "rapsd", "covariance", "fit-delta", "export"] {
        world.refuse(&format!("{command} fotos"), &["fotos", "did you mean photos?"]);
        world.refuse(&format!("{command} nothing-like-it"), &["nothing-like-it", "does not exist", "check the path"]);
    }
    world.refuse("scan --files-from lst.txt", &["lst.txt", "check its path"]);
    world.refuse("scan gone.spectrum", &["gone.spectrum"]);
    world.refuse("merge gone.spectrum", &["gone.spectrum"]);
    assert_eq!(world.files("."), ["photos"], "nothing was made");
}

#[test]
fn folders_without_images_are_refused() {
    let world = World::create();
    world.write("notes/a.txt", "no picture");
    world.write("notes/b.md", "none either");
    std::fs::create_dir(world.path("empty")).expect("a folder");
    world.write("one.txt", "words");
    world.write("list.txt", "notes/a.txt\n\n");
    world.refuse("scan notes", &["no images in notes", "2 files", "a.txt", "give a folder that holds images"]);
    world.refuse("scan empty", &["no images in empty", "there are no files"]);
    world.refuse("scan one.txt", &["one.txt", "not an image", "--files-from"]);
    world.refuse("scan --files-from list.txt", &["no images in list.txt"]);
    world.refuse("scan", &["INPUT"]);
    world.refuse("scan empty --files-from list.txt", &["--files-from"]);
    world.write("shard.tar", "not read yet");
    world.refuse("scan shard.tar", &["shard.tar", "tar archive", "unpack"]);
}

#[test]
fn output_that_cannot_be_written_is_refused_before_the_scan() {
    let world = World::with_photos(3);
    world.write("taken", "a file");
    for command in ["scan", "rapsd", "covariance", "fit-delta", "export"] {
        world.refuse(&format!("{command} photos --out taken"), &["taken", "not a folder", "--out"]);
        world.refuse(&format!("{command} photos --out taken/below"), &["taken", "not a folder", "--out"]);
    }
    assert_eq!(world.read("taken"), b"a file");
    assert_eq!(world.files("."), ["photos", "taken"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_refused_before_the_scan() {
    let world = World::with_photos(3);
    // The process file system takes no files from anybody, root included.
    world.refuse("scan photos --out /proc/specscan-out", &["/proc/specscan-out", "--out"]);
    world.refuse("scan photos --out /proc", &["/proc", "--out"]);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_refused_before_the_scan() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_photos(3);
    std::fs::create_dir(world.path("locked")).expect("a folder");
    std::fs::set_permissions(world.path("locked"), PermissionsExt::from_mode(0o555)).expect("own folder");
    if std::fs::write(world.path("locked/probe"), "").is_ok() {
        println!("skipped: permissions do not bind this user (root)");
        return;
    }
    world.refuse("scan photos --out locked", &["locked", "permissions", "--out"]);
    world.refuse("scan photos --out locked/below", &["locked/below", "permissions", "--out"]);
}

#[test]
fn ranges_and_channels_change_what_they_say() {
    let world = World::with_photos(4);
    world.succeed("rapsd photos -o a -q --plots none");
    world.succeed("rapsd photos -o b -q --plots none --range 0:1");
    let (a, b) = (world.table("a/rapsd.csv"), world.table("b/rapsd.csv"));
    for (p, q) in a.numbers("power_mean").iter().zip(b.numbers("power_mean")).skip(1) {
        assert!((q - p / 4.0).abs() <= 1e-6 * p, "{p} and {q}");
    }
    world.succeed("covariance photos -o c -q --plots none --channels luma --diagonality 0");
    assert_eq!(world.table("c/color.csv").header, ["kind", "name", "value", "luma"]);
}
