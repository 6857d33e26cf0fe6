//! Bad files of every kind: skipped, listed in path order with their reasons, counted, and judged by `--max-skipped`;
//! everything else is still written.

use std::fs;

use super::{Printed, World, sets};

const N_GOOD: u32 = 6;

/// A PNG header that promises `side×side` pixels, and no pixels.
fn absurd_png(side: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(side.to_be_bytes());
    chunk.extend(side.to_be_bytes());
    chunk.extend([8, 2, 0, 0, 0]);
    let mut crc = u32::MAX;
    for byte in &chunk {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(chunk);
    png.extend((!crc).to_be_bytes());
    png.extend(b"\0\0\0\0IDAT");
    png
}

/// Good images among one of each bad kind; the bad ones' paths with a part of their reasons, in the order of their
/// bytes.
fn write_broken_set(world: &World) -> Vec<(&'static str, &'static str)> {
    super::write_uniform(&world.path("photos"), N_GOOD, 24, 16);
    sets::save(&world.path("photos/whole.jpg"), &sets::picture(24, 16, 99).into());
    let jpeg = fs::read(world.path("photos/whole.jpg")).expect("a JPEG");
    fs::rename(world.path("photos/whole.jpg"), world.path("photos/10.jpg")).expect("renamed");
    world.write("photos/20-truncated.jpg", &jpeg[..jpeg.len() / 2]);
    world.write("photos/30-empty.png", "");
    world.write("photos/40-text.png", "This is no picture.");
    world.write("photos/50-absurd.png", absurd_png(100_000));
    world.write("photos/60-cut.png", &fs::read(world.path("photos/00.png")).expect("a PNG")[..200]);
    fs::create_dir(world.path("photos/70-folder.png")).expect("a folder");
    sets::save(&world.path("photos/80-other-size.png"), &sets::picture(20, 16, 5).into());
    world.write("photos/notes.txt", "ignored");
    let mut bad = vec![
        ("20-truncated.jpg", "truncated JPEG"),
        ("30-empty.png", "empty"),
        ("40-text.png", "no image"),
        ("50-absurd.png", "100000×100000 pixels, more than the limit"),
        ("60-cut.png", "truncated PNG"),
        ("70-folder.png", "is a folder"),
    ];
    if cfg!(unix) {
        bad.extend(write_bad_links(world));
    }
    bad
}

#[cfg(unix)]
fn write_bad_links(world: &World) -> Vec<(&'static str, &'static str)> {
    use std::os::unix::fs::symlink;
    symlink("nowhere.png", world.path("photos/90-dangling.png")).expect("a link");
    fs::create_dir(world.path("photos/91-loop")).expect("a folder");
    symlink("..", world.path("photos/91-loop/up")).expect("a link");
    vec![("90-dangling.png", "does not exist"), ("91-loop/up", "leads back")]
}

#[cfg(not(unix))]
fn write_bad_links(_: &World) -> Vec<(&'static str, &'static str)> {
    Vec::new()
}

fn assert_skips_are_listed(world: &World, out: &str, bad: &[(&str, &str)]) {
    let table = world.table(&format!("{out}/skipped.csv"));
    assert_eq!(table.header, ["path", "reason"]);
    assert_eq!(table.column("path"), bad.iter().map(|b| b.0).collect::<Vec<_>>());
    for (reason, (path, part)) in table.column("reason").iter().zip(bad) {
        assert!(reason.contains(part), "{path}: {reason}");
    }
}

const OPTIONS: &str = "--transform none --resolution 16x24 --plots none";

#[test]
fn bad_files_are_listed_and_fail_the_run_while_everything_else_is_written() {
    let world = World::create();
    let bad = write_broken_set(&world);
    let output = world.run(&format!("scan photos -o out {OPTIONS}")).code(1);
    let printed = Printed::from(output.get_output());
    let n_all = bad.len() + N_GOOD as usize + 2;
    let judged = format!("{} of {n_all} files were skipped, more than --max-skipped 1% allows", bad.len());
    assert!(printed.stderr.contains(&judged), "{}", printed.stderr);
    assert!(printed.stderr.contains("skipped 20-truncated.jpg") && printed.stderr.contains("skipped.csv"));
    assert!(printed.stderr.contains(&format!("and {} more", bad.len() - 3)), "{}", printed.stderr);
    assert_skips_are_listed(&world, "out", &bad);
    let written = [
        "gamma.npy",
        "gamma_radial.csv",
        "images.csv",
        "left_out.csv",
        "photos.spectrum",
        "rapsd.csv",
        "scan.json",
        "skipped.csv",
    ];
    assert_eq!(world.files("out"), written);
    assert_eq!(world.table("out/images.csv").rows.len(), N_GOOD as usize + 1);
    let run = world.json("out/scan.json");
    assert_eq!((&run["counts"]["n_skipped"], &run["counts"]["n_left_out"]), (&bad.len().into(), &1.into()));
    let left_out = world.table("out/left_out.csv");
    assert_eq!(
        (&left_out.header, left_out.column("path")),
        (&["path", "reason"].map(str::to_owned).to_vec(), vec!["80-other-size.png"])
    );
    assert!(left_out.column("reason")[0].contains("20×16 where all images have to be 24×16"));
    assert_eq!(run["counts"]["n_files"], N_GOOD + 1);
    assert_eq!(run["n_ignored"], 1);
}

#[test]
fn the_limit_is_a_number_or_a_share() {
    let world = World::create();
    let bad = write_broken_set(&world);
    let n = bad.len();
    for (limit, code) in [("100%", 0), ("0", 1), ("0%", 1)] {
        world.run(&format!("rapsd photos -o out {OPTIONS} --max-skipped {limit}")).code(code);
    }
    world.run(&format!("rapsd photos -o out {OPTIONS} --max-skipped {n}")).code(0);
    world.run(&format!("rapsd photos -o out {OPTIONS} --max-skipped {}", n - 1)).code(1);
    let share = 100.0 * n as f64 / (n as f64 + f64::from(N_GOOD) + 2.0);
    world.run(&format!("rapsd photos -o out {OPTIONS} --max-skipped {:.2}%", share + 0.1)).code(0);
    world.run(&format!("rapsd photos -o out {OPTIONS} --max-skipped {:.2}%", share - 0.1)).code(1);
    assert_skips_are_listed(&world, "out", &bad);
}

#[test]
fn every_command_judges_skips_and_quiet_leaves_the_judgement() {
    let world = World::create();
    let bad = write_broken_set(&world);
    for command in ["scan", "rapsd", "covariance --diagonality 0", "fit-delta --cross-mask none", "export"] {
        let (name, options) = command.split_once(' ').unwrap_or((command, ""));
        let output = world.run(&format!("{name} photos {options} -q -o {name} {OPTIONS}")).code(1);
        let printed = Printed::from(output.get_output());
        assert_eq!(printed.stdout, "", "{command}");
        assert_eq!(printed.stderr.lines().count(), 1, "{command}: {}", printed.stderr);
        assert!(printed.stderr.starts_with("error: "), "{command}: {}", printed.stderr);
        assert_skips_are_listed(&world, name, &bad);
    }
    let verbose = Printed::from(world.run(&format!("rapsd photos -v -o out {OPTIONS}")).code(1).get_output());
    for (path, _) in bad {
        assert!(verbose.stderr.contains(&format!("skipped {path}: ")), "{path}: {}", verbose.stderr);
    }
}

#[test]
fn the_good_images_count_as_if_the_bad_ones_were_not_there() {
    let world = World::create();
    write_broken_set(&world);
    world.run(&format!("scan photos -o out {OPTIONS}")).code(1);
    let mut good: Vec<String> = (0..N_GOOD).map(|i| format!("photos/{i:02}.png")).collect();
    good.push("photos/10.jpg".to_owned());
    world.write("good.txt", good.join("\n"));
    world.succeed("scan --files-from good.txt -o good -q --plots none");
    for table in ["rapsd.csv", "gamma.npy", "gamma_radial.csv"] {
        assert!(world.read(&format!("out/{table}")) == world.read(&format!("good/{table}")), "{table}");
    }
}

#[test]
fn nothing_but_bad_files_is_an_error_that_says_what_is_wrong_with_them() {
    let world = World::create();
    world.write("photos/a.png", "");
    world.write("photos/b.png", "words");
    world.refuse("scan photos --dry-run", &["none of the 2 images", "a.png: is empty", "b.png: holds no image"]);
    assert!(!world.path("specscan-out").exists(), "a dry run changes nothing");
    let printed = Printed::from(world.run("scan photos").code(2).get_output());
    assert!(!printed.stderr.contains("--resolution"), "{}", printed.stderr);
    let sized = "scan photos --resolution 16";
    world.refuse(&format!("{sized} -o out"), &["none of the 2 images could be used", "a.png", "empty"]);
    world.refuse(&format!("{sized} --transform crop -o out"), &["none of the 2 images", "a.png"]);
}

#[test]
fn what_is_wrong_with_all_files_is_listed_though_there_is_no_answer() {
    let world = World::create();
    world.write("photos/a.png", "");
    world.write("photos/b.png", "words");
    fs::create_dir(world.path("photos/c.png")).expect("a folder");
    let listed = |out: &str, names: &[&str]| {
        assert_eq!(world.table(&format!("{out}/skipped.csv")).column("path"), names, "{out}");
    };
    // By their headers, in the pass, and before either.
    let all = ["a.png", "b.png", "c.png"];
    for (out, options) in [("headers", ""), ("pass", "--resolution 16"), ("both/by", "--standardize pixel")] {
        world.refuse(&format!("scan photos -o {out} {options}"), &["all of them are listed in", "/skipped.csv"]);
        listed(out, &all);
        assert_eq!(world.files(out), ["scan.json", "skipped.csv"], "{out}");
        // Once more: the same list is listed once.
        world.refuse(&format!("scan photos -o {out} {options}"), &["all of them are listed in", "/skipped.csv"]);
        let info = world.succeed(&format!("info {out}")).stdout;
        assert!(info.contains("scan: no answer, 1 file") && info.contains("scan came to no answer"), "{info}");
    }
    fs::create_dir_all(world.path("folders/d.png")).expect("a folder");
    world.refuse("rapsd folders -o listing", &["no images in folders", "all of them are listed in"]);
    listed("listing", &["d.png"]);
    world.refuse("distance photos --by-input -o by", &["listed in by/photos/skipped.csv"]);
    // An input that has no answer does not take those before it along.
    super::write_uniform(&world.path("early"), 2, 24, 16);
    let by_input = world.run("rapsd early photos --by-input --json -q -o two --plots none").code(2);
    assert_eq!(Printed::from(by_input.get_output()).json().keys().collect::<Vec<_>>(), ["early"]);
    // A noise that cannot be measured.
    super::write_uniform(&world.path("good"), 4, 24, 16);
    world.refuse("snr good --family dir:photos -o noise --plots none", &["listed in noise/skipped.csv"]);
    listed("noise", &["photos/a.png", "photos/b.png", "photos/c.png"]);
    // Too few are left; and those left out by choice have a list of their own.
    fs::copy(world.path("good/00.png"), world.path("photos/good.png")).expect("a copy");
    sets::save(&world.path("photos/small.png"), &sets::picture(8, 8, 5).into());
    world.refuse("covariance photos --resolution 16 -o few", &["few/skipped.csv and few/left_out.csv"]);
    listed("few", &all);
    assert_eq!(world.table("few/left_out.csv").column("path"), ["small.png"]);
}

#[test]
fn the_list_of_a_run_without_an_answer_leaves_earlier_answers_alone() {
    let world = World::with_photos(4);
    world.write("photos/x.png", "words");
    world.run("offset photos -o out -q --plots none").code(1);
    let (before, answer) = (world.files("out"), world.json("out/offset.json"));
    let earlier = world.read("out/skipped.csv");
    world.write("broken/a.png", "");
    world.refuse("offset broken -o out", &["listed in out/skipped.csv"]);
    assert_eq!(world.files("out"), before);
    assert_eq!(world.table("out/skipped.csv").column("path"), ["a.png"]);
    assert!(world.read("out/skipped.csv") != earlier);
    let now = world.json("out/offset.json");
    for key in ["arguments", "brightness", "counts", "samples"] {
        assert_eq!(now[key], answer[key], "{key}");
    }
    assert_eq!(now["replaced"][0]["name"], "skipped.csv");
    assert_eq!(now["earlier_runs"][0]["results"][0]["name"], "skipped.csv");
    assert!(world.succeed("info out").stdout.contains("whole"));
    // The next run with an answer has no such list.
    world.succeed("offset photos --num 4 -o out -q --plots none");
    assert!(!world.path("out/skipped.csv").exists());
    // A list that somebody else keeps there stays.
    world.write("theirs/skipped.csv", "mine");
    world.refuse("scan broken -o theirs", &["none of the 1 images", "cannot be kept", "--overwrite"]);
    assert_eq!(world.read("theirs/skipped.csv"), b"mine");
}

#[test]
fn too_few_that_are_left_are_explained_by_those_that_were_skipped() {
    let world = World::with_photos(1);
    for name in ["a.png", "b.png", "c.png", "d.png"] {
        world.write(format!("photos/{name}"), "");
    }
    world.write("photos/e.png", "words");
    let skipped = "5 of 6 files were skipped: a.png and 3 more: is empty (0 bytes); e.png: holds no image";
    for command in ["distance", "covariance"] {
        world.refuse(&format!("{command} photos -o out"), &["at least 2 images, and there is only 1", skipped]);
    }
    let printed = Printed::from(world.run("scan photos -o out --plots none").code(1).get_output());
    assert!(printed.stderr.contains("that of the image, 5 without a readable header"), "{}", printed.stderr);
}

#[test]
fn files_that_differ_in_a_number_only_are_counted_together() {
    let world = World::with_photos(1);
    for side in [30, 31, 32] {
        sets::save(&world.path(format!("photos/x{side}.png")), &sets::picture(side, side, 1).into());
    }
    let counted = "3 of 4 files were skipped: x30.png and 2 more: declares 30×30 pixels";
    world.refuse("covariance photos --resolution 16 --transform crop --max-pixels 400 -o out", &[counted]);
}

/// A JPEG with so many bytes of previews before its image, whole or cut short.
fn long_jpeg(image: &[u8], n_bytes: usize) -> Vec<u8> {
    let mut bytes = image[..2].to_vec();
    while bytes.len() < n_bytes {
        bytes.extend([0xFF, 0xE2, 0xFF, 0xFF]);
        bytes.resize(bytes.len() + 0xFFFD, 0xD9);
    }
    bytes.extend(&image[2..]);
    bytes
}

#[test]
fn the_number_of_threads_does_not_say_which_files_are_used() {
    let world = World::with_photos(2);
    sets::save(&world.path("whole.jpg"), &sets::picture(24, 16, 99).into());
    let jpeg = fs::read(world.path("whole.jpg")).expect("a JPEG");
    for (name, n_bytes) in [("short", 0), ("middle", 1 << 20), ("long", 13 << 19), ("longer", 40 << 20)] {
        let bytes = long_jpeg(&jpeg, n_bytes);
        world.write(format!("photos/{name}.jpg"), &bytes);
        world.write(format!("photos/{name}-cut.jpg"), &bytes[..bytes.len() - jpeg.len() / 4]);
        world.write(format!("photos/{name}-headless.jpg"), &bytes[..bytes.len() - jpeg.len() + 10]);
    }
    let skips = |threads: u32| {
        let options = "--resolution 16 --transform crop --plots none --max-memory 192MiB";
        world.run(&format!("scan photos -o out{threads} {options} -j {threads}")).code(1);
        (world.read(&format!("out{threads}/skipped.csv")), world.read(&format!("out{threads}/images.csv")))
    };
    let one = skips(1);
    assert!(one == skips(8));
    let table = world.table("out1/skipped.csv");
    assert_eq!(table.rows.len(), 8);
    for reason in table.column("reason") {
        assert!(reason.contains("truncated JPEG"), "{reason}");
    }
    assert_eq!(world.table("out1/images.csv").rows.len(), 6);
}

#[test]
fn a_list_may_name_what_is_not_there() {
    let world = World::with_photos(3);
    world.write("list.txt", "photos/02.png\nphotos/missing.png\n./photos/00.png\nphotos/00.png\nphotos\n");
    world.run("scan --files-from list.txt -o out --plots none").code(1);
    let skipped = world.table("out/skipped.csv");
    assert_eq!(skipped.column("path"), ["photos", "photos/missing.png"]);
    assert_eq!(world.table("out/images.csv").column("path"), ["./photos/00.png", "photos/02.png"]);
}

#[test]
fn a_lower_pixel_limit_skips_larger_images() {
    let world = World::with_photos(3);
    sets::save(&world.path("photos/large.png"), &sets::picture(60, 50, 1).into());
    world
        .run("scan photos -o out --resolution 16 --transform crop --plots none --max-pixels 1000 --max-skipped 1")
        .code(0);
    assert_eq!(world.table("out/skipped.csv").column("path"), ["large.png"]);
    assert!(world.table("out/skipped.csv").column("reason")[0].contains("--max-pixels"));
}
