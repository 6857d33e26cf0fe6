//! Nothing is lost in silence: damaged files, other passes, names of any bytes, streams that take nothing.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use super::{Printed, World, sets};

const OPTIONS: &str = "--transform none --plots none";

/// A JPEG of 24×16 pixels, and the same without the second half of its data, but with its end marker.
fn jpegs() -> (Vec<u8>, Vec<u8>) {
    let mut whole = std::io::Cursor::new(Vec::new());
    let picture: image::DynamicImage = sets::picture(24, 16, 3).into();
    picture.to_rgb8().write_to(&mut whole, image::ImageFormat::Jpeg).expect("encodes");
    let whole = whole.into_inner();
    let start = whole.windows(2).position(|pair| pair == [0xFF, 0xDA]).expect("a scan") + 14;
    let cut = [&whole[..start + (whole.len() - start) / 2], &[0, 0xFF, 0xD9]].concat();
    (whole, cut)
}

#[test]
fn a_damaged_jpeg_is_skipped_or_kept_and_counted() {
    let world = World::with_photos(5);
    let (whole, cut) = jpegs();
    world.write("photos/a.jpg", &whole);
    world.write("photos/b.jpg", &cut);
    world.run(&format!("scan photos -o out {OPTIONS}")).code(1);
    let skipped = world.table("out/skipped.csv");
    assert_eq!(skipped.column("path"), ["b.jpg"]);
    assert!(skipped.column("reason")[0].starts_with("is a damaged JPEG"), "{:?}", skipped.rows);
    assert_eq!(world.json("out/scan.json")["counts"]["n_warned"], 0);
    let printed = world.succeed(&format!("scan photos -o kept {OPTIONS} --damaged keep"));
    assert!(printed.stderr.contains("1 file was used though"), "{}", printed.stderr);
    let counts = &world.json("kept/scan.json")["counts"];
    assert_eq!((&counts["n_warned"], &counts["n_files"]), (&1.into(), &7.into()));
    let info = world.succeed("info kept/photos.spectrum");
    assert!(info.stdout.contains("1 with warnings"), "{}", info.stdout);
}

#[test]
fn what_a_folder_of_noise_lacks_is_listed_and_judged() {
    let world = World::with_photos(6);
    super::write_uniform(&world.path("noise"), 4, 24, 16);
    world.write("noise/bad.png", "words");
    for command in ["distance photos --samples 2", "noise --resolution 16x24 --count 1", "snr photos --steps 30"] {
        let words = format!("{command} --family dir:noise -o out --plots none");
        let printed = Printed::from(world.run(&words).code(1).get_output());
        let judged = "1 of 5 files were skipped when measuring the noise of noise, more than --max-skipped 1% allows";
        assert!(printed.stderr.contains(judged), "{words}: {}", printed.stderr);
        assert_eq!(world.table("out/skipped.csv").column("path"), ["noise/bad.png"], "{words}");
        world.run(&format!("{words} --max-skipped 1")).code(0);
    }
}

#[test]
fn names_of_any_bytes_are_kept_apart() {
    let world = World::with_photos(2);
    let image = world.read("photos/00.png");
    for name in [&b"caf\xe9.png"[..], b"caf\xe8.png", b"line\nbreak.png", b"back\\xe9.png"] {
        fs::write(world.path("photos").join(OsStr::from_bytes(name)), &image).expect("a file");
    }
    world.succeed(&format!("scan photos -o out {OPTIONS}"));
    let keys = ["00.png", "01.png", "back\\x5cxe9.png", "caf\\xe8.png", "caf\\xe9.png", "line\\x0abreak.png"];
    assert_eq!(world.table("out/images.csv").column("path"), keys);
    // Two inputs that differ in such a byte are two answers.
    let inputs: Vec<&OsStr> = [&b"in\xe8"[..], b"in\xe9"].into_iter().map(OsStr::from_bytes).collect();
    for input in &inputs {
        fs::create_dir(world.path(input)).expect("a folder");
        fs::write(world.path(input).join("a.png"), &image).expect("a file");
    }
    let words: Vec<&OsStr> = "rapsd --by-input --json -q -o by --plots none".split(' ').map(OsStr::new).collect();
    let output = world.command(words.iter().chain(&inputs)).assert().code(0);
    let json = Printed::from(output.get_output()).json();
    assert_eq!(json.keys().collect::<Vec<_>>(), ["in\\xe8", "in\\xe9"]);
}

#[test]
fn a_list_may_end_its_paths_in_zero_bytes() {
    let world = World::with_photos(3);
    world.write("list", b"photos/00.png\0photos/02.png\0");
    world.succeed("scan --files-from list -0 -o out --plots none");
    assert_eq!(world.table("out/images.csv").column("path"), ["photos/00.png", "photos/02.png"]);
    world.refuse("scan --files-from list -o x", &["list", "--null"]);
    world.refuse("scan photos -0 -o x", &["--files-from"]);
}

#[test]
fn names_do_not_write_to_the_terminal() {
    let world = World::with_photos(2);
    world.write("photos/\u{1b}[2Jx.png", "words");
    let verbose = Printed::from(world.run(&format!("rapsd photos -v -o out {OPTIONS}")).code(1).get_output());
    assert!(verbose.stderr.contains("skipped \\x1b[2Jx.png") && !verbose.stderr.contains('\u{1b}'));
    let missing = Printed::from(world.command(["rapsd", "gone\u{1b}[31m\nerror: no"]).assert().code(2).get_output());
    assert!(!missing.stderr.contains('\u{1b}') && missing.stderr.contains("gone\\u{1b}[31m\\nerror: no"));
}

#[test]
fn a_stream_that_takes_nothing_does_not_change_the_result() {
    let world = World::with_photos(3);
    world.write("bad/a.png", "words");
    let full = || OpenOptions::new().write(true).open("/dev/full").expect("a device");
    let code = |words: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_specscan"));
        command.args(words.split_whitespace()).current_dir(world.path("")).stdout(Stdio::null()).stderr(full());
        command.status().expect("runs").code()
    };
    assert_eq!(code(&format!("rapsd photos -o out {OPTIONS} --progress always")), Some(0));
    assert_eq!(code(&format!("rapsd photos bad -o out {OPTIONS} -v --resolution 16x24")), Some(1));
    assert_eq!(code("rapsd gone -o out"), Some(2));
    assert_eq!(code("rapsd --no-such-option"), Some(2));
    // Results that cannot be printed are an error that says where they should have gone.
    let mut command = Command::new(env!("CARGO_BIN_EXE_specscan"));
    let words = format!("rapsd photos -o out {OPTIONS}");
    command.args(words.split_whitespace()).current_dir(world.path("")).stdout(full());
    let output = command.output().expect("runs");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(printed.contains("cannot write to standard output"), "{printed}");
}

#[test]
fn what_cannot_be_done_is_refused_before_the_pass() {
    let world = World::with_photos(3);
    let long = "n".repeat(250);
    fs::rename(world.path("photos"), world.path(&long)).expect("renamed");
    world.refuse(&format!("scan {long} -o out"), &["259 bytes", "--name"]);
    assert_eq!(world.files("out"), Vec::<String>::new());
    world.succeed(&format!("scan {long} -o out --name short --plots none"));
    // Larger than any spectrum that is read again.
    super::write_uniform(&world.path("wide"), 2, 8200, 16);
    world.refuse("scan wide -o x", &["8200×16", "8192 pixels a side", "--transform tile"]);
    let count = "noise --resolution 4 --family white,pink --count 300000";
    world.refuse(&format!("{count} -o x"), &["600000 PNG files", "--format npy"]);
    super::write_uniform(&world.path("many"), 30, 16, 16);
    world.succeed("schedule fit-sampler many -o made -q");
    let count = "--count 18446744073709551615";
    world.refuse(&format!("schedule sample made/sampler.json {count} -o x"), &[count, "at most 1000000"]);
    world.refuse("schedule fit-sampler many --max-components 999999999 -o x", &["--max-components", "at most 64"]);
    world.write("bomb.npy", [&b"\x93NUMPY\x01\x00"[..], &[0; 100]].concat());
    world.refuse("bounds out/short.spectrum --schedule bomb.npy -o x", &["bomb.npy", "no text"]);
    assert_eq!(world.files("x"), Vec::<String>::new());
}
