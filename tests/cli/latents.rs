//! Arrays as input: latents in every format, what they answer, what is refused of them, and images of bytes.

use super::World;
use super::arrays::{bytes, halves, normal, npy, npy_header, npz, tensors};

/// Shape of most sets here: few enough to be quick, of odd size.
const SHAPE: [usize; 4] = [24, 4, 9, 7];

fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Latents that are no noise: each channel has its own mean and deviation, and neighbours are alike. Halves.
fn smooth(shape: [usize; 4], seed: u64) -> Vec<f32> {
    let white = normal(count(&shape), seed);
    let plane = shape[2] * shape[3];
    let value = |i: usize| {
        let c = i / plane % shape[1];
        let before = if i.is_multiple_of(shape[3]) { 0.0 } else { white[i - 1] };
        c as f32 - 1.5 + (1.0 + c as f32) * (white[i] + before)
    };
    halves(&(0..white.len()).map(value).collect::<Vec<_>>())
}

/// What a run on `input` leaves of tables and sums, without what names the input.
fn results(world: &World, input: &str, more: &str) -> Vec<Vec<u8>> {
    world.succeed(&format!("scan {input} -o out --overwrite --plots none -q --name set {more}"));
    ["rapsd.csv", "latents.csv", "gamma.npy", "gamma_radial.csv"].map(|name| world.read(&format!("out/{name}"))).into()
}

#[test]
fn white_latents_have_deviation_one_and_a_flat_spectrum() {
    let world = World::create();
    let shape = [64, 4, 32, 32];
    for (name, descr) in [("half.npy", "<f2"), ("single.npy", "<f4")] {
        world.write(name, npy(&normal(count(&shape), 5), descr, &shape));
        let printed = world.succeed(&format!("scan {name} -o out --overwrite"));
        assert!(printed.stdout.starts_with("raw_mean = ["), "{}", printed.stdout);
        assert!(printed.stdout.contains("normalised as they are stored"), "{}", printed.stdout);
        assert!(printed.stdout.contains("64 latents of 4 channels at 32×32, none"), "{}", printed.stdout);
        let channels = world.table("out/latents.csv");
        assert_eq!(channels.column("channel"), ["0", "1", "2", "3"]);
        // 65,536 values a channel: standard errors 0.0039 and 0.0028.
        assert!(channels.numbers("raw_mean").iter().all(|m| m.abs() <= 0.018), "{:?}", channels.rows);
        assert!(channels.numbers("raw_std").iter().all(|s| (s - 1.0).abs() <= 0.012), "{:?}", channels.rows);
        let rapsd = world.table("out/rapsd.csv");
        for (power, modes) in rapsd.numbers("power_mean").iter().zip(rapsd.numbers("n_modes")) {
            // Half of the modes are conjugates of others.
            let error = (2.0 / (modes * 4.0 * 64.0)).sqrt();
            assert!((power - 1.0).abs() <= 5.0 * error, "{power} over {modes} modes");
        }
        world.succeed(&format!("fit-delta {name} -o fit --overwrite --plots none"));
        let delta: f64 = world.table("fit/fit.csv").column("delta")[0].parse().expect("a number");
        assert!(delta.abs() <= 0.02, "{delta}");
    }
}

#[test]
fn all_formats_hold_the_same_set() {
    let world = World::create();
    let values = smooth(SHAPE, 1);
    let [n, c, h, w] = SHAPE;
    let expected = {
        world.write("plain.npy", npy(&values, "<f2", &SHAPE));
        results(&world, "plain.npy", "")
    };
    let array = npy(&values, "<f2", &SHAPE);
    let labels = npy(&vec![0.0; n], "<f4", &[n]);
    let members = [("labels", labels.clone()), ("latents", array)];
    world.write("stored.npz", npz(&members, false));
    world.write("deflated.npz", npz(&members, true));
    world.write("swapped.npy", npy(&values, ">f2", &SHAPE));
    world.write("single.npy", npy(&values, "<f4", &SHAPE));
    world.write("double.npy", npy(&values, "<f8", &SHAPE));
    let tensor = |dtype, descr| ("latents", dtype, &SHAPE[..], bytes(&values, descr));
    world.write("half.safetensors", tensors(&[("labels", "I64", &[n], vec![0; 8 * n]), tensor("F16", "<f2")]));
    world.write("single.safetensors", tensors(&[tensor("F32", "<f4")]));
    let plane = h * w;
    let last = |i: usize| values[(i / (plane * c) * c + i % c) * plane + i / c % plane];
    let last: Vec<f32> = (0..values.len()).map(last).collect();
    world.write("last.npy", npy(&last, "<f4", &[n, h, w, c]));
    for (i, sample) in values.chunks(c * plane).enumerate() {
        world.write(format!("cache/{i:03}.npy"), npy(sample, "<f2", &[c, h, w]));
        world.write(format!("cache/{i:03}.txt"), "a caption");
        let batch = ("latents", "F16", &[1, c, h, w][..], bytes(sample, "<f2"));
        world.write(format!("batches/{i:03}.safetensors"), tensors(&[batch]));
    }
    let paths: String = (0..n).rev().map(|i| format!("cache/{i:03}.npy\n")).collect();
    world.write("list.txt", paths);
    for input in [
        "stored.npz",
        "deflated.npz",
        "deflated.npz -j 3",
        "swapped.npy",
        "single.npy",
        "double.npy",
        "half.safetensors",
        "single.safetensors",
        "last.npy",
        "last.npy --layout nhwc",
        "plain.npy --layout nchw",
        "cache",
        "batches",
        "--files-from list.txt",
        "stored.npz --key latents",
        "half.safetensors --key latents",
    ] {
        assert!(results(&world, input, "") == expected, "{input}");
    }
    assert!(results(&world, "plain.npy", "--num 23") != expected, "one less");
}

#[test]
fn bfloat16_is_read_from_safetensors() {
    let world = World::create();
    // Eight bits of mantissa.
    let values: Vec<f32> = smooth(SHAPE, 2).iter().map(|v| f32::from_bits(v.to_bits() & 0xffff_0000)).collect();
    world.write("b.safetensors", tensors(&[("x", "BF16", &SHAPE, bytes(&values, "<bf2"))]));
    world.write("s.npy", npy(&values, "<f4", &SHAPE));
    assert!(results(&world, "b.safetensors", "") == results(&world, "s.npy", ""));
}

#[test]
fn results_depend_neither_on_threads_nor_on_shards() {
    let world = World::create();
    let values = smooth(SHAPE, 3);
    world.write("all.npy", npy(&values, "<f4", &SHAPE));
    let scan = |input: &str, name: &str, more: &str| {
        world.succeed(&format!("scan {input} -o {name} --plots none -q --name set --coherence --per-channel {more}"));
        (world.read(&format!("{name}/set.spectrum")), world.read(&format!("{name}/images.csv")))
    };
    let one = scan("all.npy", "one", "-j 1");
    for threads in [2, 7] {
        assert!(scan("all.npy", &format!("by{threads}"), &format!("-j {threads}")) == one, "{threads} threads");
    }
    let table = world.table("one/images.csv");
    let expected: Vec<String> = (0..SHAPE[0]).map(|i| format!("all.npy#{i}")).collect();
    assert_eq!(table.column("path"), expected, "in the order of their numbers");
    assert!(table.column("format").iter().all(|f| *f == "NPY"));
    let half = values.len() / 2;
    for (name, part) in [("a", &values[..half]), ("b", &values[half..])] {
        world.write(format!("{name}.npy"), npy(part, "<f4", &[SHAPE[0] / 2, 4, 9, 7]));
        scan(&format!("{name}.npy"), name, "");
    }
    world.succeed("merge a/set.spectrum b/set.spectrum -o merged --name set");
    assert!(world.read("merged/set.spectrum") == one.0, "merged");
    let info = world.succeed("info one/set.spectrum").stdout;
    assert!(info.contains("24 latents of 4 channels at 7×9, none") && info.contains("values        latents"), "{info}");
    let preprocess = &world.json("one/scan.json")["preprocess"];
    assert_eq!((&preprocess["channels"], &preprocess["range"]), (&"latent:4".into(), &serde_json::Value::Null));
}

#[test]
fn values_that_cannot_be_used_are_named_and_left_out() {
    let world = World::create();
    let [n, c, h, w] = SHAPE;
    let mut values = smooth(SHAPE, 4);
    let sample = c * h * w;
    values[3 * sample + 2 * h * w + 4 * w + 5] = f32::NAN;
    values[5 * sample] = f32::NEG_INFINITY;
    values[7 * sample + sample - 1] = 1024.5;
    world.write("bad.npy", npy(&values, "<f4", &SHAPE));
    let printed = world.succeed("scan bad.npy -o out --plots none --max-skipped 3");
    assert!(printed.stdout.contains("21 latents"), "{}", printed.stdout);
    let skipped = world.table("out/skipped.csv");
    assert_eq!(skipped.column("path"), ["bad.npy#3", "bad.npy#5", "bad.npy#7"]);
    let reasons = skipped.column("reason");
    assert!(reasons[0].contains("NaN in channel 2, row 4, column 5"), "{reasons:?}");
    assert!(reasons[1].contains("-inf in channel 0, row 0, column 0"), "{reasons:?}");
    assert!(reasons[2].contains("1024.5 in channel 3, row 8, column 6") && reasons[2].contains("±1024"), "{reasons:?}");
    world.run("scan bad.npy -o out --plots none").code(1);
    let good: Vec<f32> =
        (0..n).filter(|i| ![3, 5, 7].contains(i)).flat_map(|i| values[i * sample..][..sample].to_vec()).collect();
    world.write("good.npy", npy(&good, "<f4", &[n - 3, c, h, w]));
    assert!(results(&world, "bad.npy", "--max-skipped 3") == results(&world, "good.npy", ""));
    world.write("all.npy", npy(&vec![2000.0; sample], "<f4", &[1, c, h, w]));
    world.refuse("scan all.npy -o no", &["all.npy#0", "2000 in channel 0, row 0, column 0", "±1024"]);
}

#[test]
fn every_question_about_latents_has_an_answer() {
    let world = World::create();
    let shape = [40, 4, 16, 16];
    world.write("set.npy", npy(&smooth(shape, 6), "<f2", &shape));
    world.succeed("scan set.npy -o scan --coherence --diagonality 8 --per-channel --plots svg");
    for words in [
        "rapsd set.npy --per-channel",
        "fit-delta set.npy --per-channel",
        "distance set.npy --samples 2",
        "distance set.npy --samples 2 --full-covariance 4 --color",
        "offset set.npy",
        "bounds set.npy",
        "blur-noise set.npy",
        "snr set.npy --steps 30",
        "schedule set.npy",
        "schedule set.npy --dataset",
        "covariance set.npy --coherence --diagonality 8",
        "noise set.npy --count 1",
        "export set.npy",
        "export scan/set.spectrum",
        "offset scan/set.spectrum",
        "scan set.npy --standardize pixel",
        "scan set.npy --window hann",
        "scan set.npy --transform tile --resolution 8",
        "rapsd set.npy --transform crop --resolution 5x7",
        "schedule fit-sampler set.npy --max-components 1",
        "scan set.npy --dry-run",
        "bounds set.npy --json",
    ] {
        let printed = world.succeed(&format!("{words} -o out --overwrite"));
        assert!(!printed.stdout.contains("8-bit"), "{words}: {}", printed.stdout);
        assert!(!printed.stderr.contains("8-bit"), "{words}: {}", printed.stderr);
    }
    world.succeed("rapsd set.npy --per-channel -o channels");
    let channels = world.table("channels/rapsd_channels.csv");
    assert!(channels.column("channel").contains(&"3"), "channels are numbers");
    let bounds = world.table("out/bounds.csv");
    assert!(bounds.column("effective_resolution_px").iter().all(|cell| cell.is_empty()));
    assert!(bounds.column("floor").iter().all(|cell| *cell == "false"));
}

#[test]
fn one_latent_and_constant_ones_have_answers_too() {
    let world = World::create();
    world.write("one.npy", npy(&smooth([1, 3, 5, 11], 7), "<f4", &[3, 5, 11]));
    let printed = world.succeed("rapsd one.npy -o out --plots none");
    assert!(printed.stdout.contains("1 latent of 3 channels at 11×5, none"), "{}", printed.stdout);
    assert_eq!(world.table("out/rapsd_images.csv").column("path"), ["one.npy"], "a sample that is a file");
    world.write("flat.npy", npy(&vec![0.75; 6 * 2 * 4 * 4], "<f2", &[6, 2, 4, 4]));
    world.succeed("scan flat.npy -o flat --plots none");
    let channels = world.table("flat/latents.csv");
    assert_eq!((channels.numbers("raw_mean"), channels.numbers("raw_std")), (vec![0.75; 2], vec![0.0; 2]));
    let printed = world.succeed("scan flat.npy -o flat --overwrite --plots none").stdout;
    assert!(printed.contains("never varies"), "{printed}");
    assert!(world.table("flat/images.csv").column("flat").iter().all(|cell| *cell == "true"));
    world.refuse("distance flat.npy -o no", &["error: "]);
    world.succeed("bounds flat.npy -o flat --overwrite");
}

#[test]
fn images_stay_images_beside_arrays() {
    let world = World::with_photos(3);
    let latents = npy(&smooth(SHAPE, 8), "<f2", &SHAPE);
    world.write("photos/cache.npy", &latents);
    world.write("latents.npy", &latents);
    let printed = world.succeed("rapsd photos -o out --plots none");
    assert!(printed.stdout.contains("3 images"), "{}", printed.stdout);
    world.refuse("rapsd photos latents.npy -o no", &["photos/00.png is an image", "latents.npy holds an array"]);
    // Results of a run are no latents.
    world.succeed("scan latents.npy -o results --plots none");
    world.refuse("rapsd results -o no", &["no images in results"]);
    world.succeed("rapsd results/gamma.npy -o gamma --plots none");
    world.write("mixed/a.npy", npy(&smooth([2, 4, 8, 8], 1), "<f4", &[2, 4, 8, 8]));
    world.write("mixed/b.npy", npy(&smooth([2, 5, 8, 8], 1), "<f4", &[2, 5, 8, 8]));
    world.refuse("scan mixed -o no", &["a.npy holds 4 channels and b.npy 5 channels"]);
    // Text encodings beside latents are passed over.
    world.write("cache/a.npz", npz(&[("latents", npy(&smooth([1, 4, 8, 8], 1), "<f4", &[4, 8, 8]))], true));
    world.write("cache/b_te.npz", npz(&[("text", npy(&[0.0; 60], "<f4", &[10, 6]))], true));
    let printed = world.succeed("rapsd cache -o out --overwrite --plots none");
    assert!(printed.stdout.contains("1 latent of 4 channels"), "{}", printed.stdout);
    // Sizes that differ.
    for (name, h) in [("a", 8), ("b", 12), ("c", 8)] {
        world.write(format!("buckets/{name}.npy"), npy(&smooth([1, 4, h, 8], 1), "<f4", &[4, h, 8]));
    }
    world.refuse("rapsd buckets -o no", &["a.npy is 8×8", "b.npy is 8×12", "--resolution"]);
    let printed = world.succeed("rapsd buckets -o out --overwrite --plots none --resolution 8");
    assert!(printed.stdout.contains("2 latents"), "{}", printed.stdout);
    assert_eq!(world.table("out/left_out.csv").column("path"), ["b.npy"]);
    let printed = world.succeed("rapsd buckets -o out --overwrite --plots none --resolution 8 --transform crop");
    assert!(printed.stdout.contains("3 latents"), "{}", printed.stdout);
}

#[test]
fn what_latents_do_not_have_is_refused() {
    let world = World::create();
    world.write("set.npy", npy(&smooth(SHAPE, 9), "<f2", &SHAPE));
    for option in
        ["--channels luma", "--range 0:1", "--exif apply", "--damaged keep", "--drop-letterbox", "--allow-upscale"]
    {
        let name = option.split(' ').next().expect("a name");
        world.refuse(&format!("scan set.npy -o no {option}"), &[name, "the input holds latents"]);
    }
    world.refuse(
        "scan set.npy -o no --transform adm --resolution 4",
        &["center-crop-dhariwal resamples", "crop or tile"],
    );
    world.refuse("fit-delta set.npy -o no --paper", &["--paper", "latents"]);
    world.refuse("scan set.npy -o no --layout chw", &["24×4×9×7", "--layout chw"]);
    world.refuse("scan set.npy -o no --key latents", &["--key latents"]);
}

#[test]
fn files_that_promise_too_much_are_refused() {
    let world = World::create();
    let array = npy(&smooth(SHAPE, 10), "<f2", &SHAPE);
    let mut cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("empty.npy", vec![], &["0 bytes"]),
        ("short.npy", array[..array.len() - 1].to_vec(), &["truncated NPY"]),
        ("head.npy", array[..60].to_vec(), &["NPY"]),
        ("huge.npy", npy_header("<f4", &[1 << 20, 1 << 20, 1 << 20, 1 << 20]), &["error: "]),
        ("wide.npy", npy_header("<f4", &[1, 4, 1 << 40, 8]), &["truncated NPY"]),
        ("none.npy", npy_header("<f4", &[0, 4, 8, 8]), &["holds nothing"]),
        ("flat.npy", npy(&[0.0; 12], "<f4", &[3, 4]), &["3×4", "samples × channels × rows × columns"]),
        ("text.npy", b"not an array at all, whatever its name says".to_vec(), &["cannot be decoded as NPY"]),
        ("whole.npy", npy_header("<i8", &[2, 4, 8, 8]), &["<i8", "f16"]),
        ("text.npz", b"not an archive".to_vec(), &["NPZ"]),
        ("text.safetensors", b"\x08\0\0\0\0\0\0\0nonsense".to_vec(), &["safetensors"]),
        ("long.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\x7f{}".to_vec(), &["longer than any"]),
    ];
    let mut fortran = array.clone();
    let at = fortran.windows(5).position(|w| w == b"False").expect("the word");
    fortran[at..at + 5].copy_from_slice(b"True ");
    cases.push(("fortran.npy", fortran, &["ascontiguousarray"]));
    let two = [("a", array.clone()), ("b", array.clone())];
    cases.push(("two.npz", npz(&two, true), &["a (24×4×9×7), b (24×4×9×7)", "--key"]));
    let stored = npz(&two[..1], false);
    cases.push(("short.npz", stored[..stored.len() / 2].to_vec(), &["NPZ"]));
    let good = tensors(&[("x", "F16", &SHAPE, array[128..].to_vec())]);
    cases.push(("short.safetensors", good[..good.len() - 10].to_vec(), &["truncated safetensors"]));
    cases.push(("i8.safetensors", tensors(&[("x", "I64", &[1, 1, 2, 2], vec![0; 32])]), &["`x` is of type I64"]));
    for (name, bytes, parts) in cases {
        world.write(name, bytes);
        world.refuse(&format!("scan {name} -o no"), parts);
    }
    world.refuse("scan two.npz -o no --key c", &["there is no `c`", "a (24×4×9×7)"]);
    world.succeed("scan two.npz -o out --key b --plots none");
    // A header may promise as many samples as the file has bytes.
    world.write("many.npy", npy(&vec![0.0; 2_000_000], "|u1", &[2_000_000, 1, 1, 1]));
    world.refuse("scan many.npy -o no --max-memory 64MiB", &["many.npy", "2000000 samples", "--max-memory"]);
    // A deflated member that ends before its samples do.
    let mut forged = npz(&[("x", npy_header("<f2", &SHAPE))], true);
    let claimed = u32::try_from(array.len()).expect("small").to_le_bytes();
    let central = forged.windows(4).rposition(|w| w == b"PK\x01\x02").expect("a directory");
    forged[central + 24..central + 28].copy_from_slice(&claimed);
    world.write("forged.npz", forged);
    world.refuse("scan forged.npz -o no", &["NPZ"]);
    // Lists of what could not be used, and who made them; no result.
    let is_result = |name: &String| !["scan.json", "skipped.csv", "left_out.csv"].contains(&name.as_str());
    let results: Vec<String> = world.files("no").into_iter().filter(is_result).collect();
    assert!(results.is_empty(), "{results:?}");
}

#[test]
fn arrays_of_bytes_are_images() {
    let world = World::with_photos(5);
    let paths: Vec<_> = (0..5).map(|i| world.path(format!("photos/{i:02}.png"))).collect();
    let images: Vec<_> = paths.iter().map(|path| image::open(path).expect("an image").to_rgb8()).collect();
    let last: Vec<f32> = images.iter().flat_map(|i| i.as_raw().iter().map(|v| f32::from(*v))).collect();
    let first: Vec<f32> = images
        .iter()
        .flat_map(|i| {
            (0..3).flat_map(|c| i.as_raw().iter().skip(c).step_by(3).map(|v| f32::from(*v)).collect::<Vec<_>>())
        })
        .collect();
    world.write("last.npy", npy(&last, "|u1", &[5, 16, 24, 3]));
    world.write("first.npy", npy(&first, "|u1", &[5, 3, 16, 24]));
    world.write("bytes.safetensors", tensors(&[("x", "U8", &[5, 16, 24, 3], bytes(&last, "|u1"))]));
    let rapsd = |input: &str| {
        world.succeed(&format!("rapsd {input} -o out --overwrite --plots none -q"));
        world.read("out/rapsd.csv")
    };
    for options in ["", "--channels ycbcr --range 0:1", "--resolution 8 --transform center-crop"] {
        let expected = rapsd(&format!("photos {options}"));
        for name in ["last.npy", "first.npy", "bytes.safetensors"] {
            assert!(rapsd(&format!("{name} {options}")) == expected, "{name} {options}");
        }
    }
    let grey: Vec<f32> = (0..2 * 12 * 10).map(|i| (i * 37 % 256) as f32).collect();
    world.write("grey.npy", npy(&grey, "|u1", &[2, 12, 10]));
    let printed = world.succeed("rapsd grey.npy -o out --overwrite --plots none");
    assert!(printed.stdout.contains("2 images at 10×12 rgb"), "{}", printed.stdout);
    world.write("two.npy", npy(&grey[..200], "|u1", &[2, 2, 10, 5]));
    world.refuse("rapsd two.npy -o no", &["1, 3 or 4 channels"]);
}

#[test]
fn settings_of_latents_speak_of_latents() {
    let world = World::create();
    let shape = [24, 4, 16, 16];
    world.write("x.npy", npy(&smooth(shape, 14), "<f2", &shape));
    let printed = world.succeed("recommend x.npy -v --plots none -o out --for kohya,ddpm").stdout;
    let report = world.json("out/recommend.json");
    let settings = report["settings"].as_array().expect("settings");
    let why = settings.iter().find(|s| s["name"] == "sigma_min").expect("sigma_min")["why"].as_str().expect("words");
    assert!(why.contains("rounding to 2⁻²⁰ hides"), "{why}");
    let files = ["recommend.json", "recommend.md", "trainers.md", "kohya.toml"];
    let texts = files.map(|name| String::from_utf8(world.read(&format!("out/{name}"))).expect("text"));
    for text in texts.iter().chain([&printed]) {
        let of_pixels = ["8-bit", "pixel values", "pixel deviation", "all pixels"];
        assert!(of_pixels.iter().all(|words| !text.contains(words)), "{text}");
    }
    for command in ["scan", "snr", "noise", "distance", "offset"] {
        let printed = world.succeed(&format!("{command} x.npy -v --plots none -o {command}")).stdout;
        assert!(!printed.contains("pixel deviation"), "{command}: {printed}");
    }
    assert_eq!(report["trainer"]["is_latent"], true);
    assert_eq!(world.json("out/ddpm.json")["clip_sample"], false);
}
