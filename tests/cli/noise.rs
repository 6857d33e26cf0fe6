//! `noise`: samples that depend on nothing but seed and index, files, names that are refused.

use super::World;

/// The values of a float `.npy` file: its header is 128 bytes long.
fn values(bytes: &[u8]) -> Vec<f32> {
    bytes[128..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[test]
fn a_sample_is_the_same_whatever_the_count_and_the_threads() {
    let world = World::create();
    let run = |out: &str, more: &str| {
        world.succeed(&format!("noise --family cloud-crop:1.2 --family pyramid --resolution 20x12 -q -o {out} {more}"));
        ["noise_cloud-crop-1.2.npy", "noise_pyramid-0.3-6.npy"].map(|name| world.read(&format!("{out}/{name}")))
    };
    let many = run("many", "--count 9 --threads 4");
    assert_eq!(many, run("again", "--count 9 --threads 1"));
    for (few, many) in run("few", "--count 2 --threads 3").iter().zip(&many) {
        assert_eq!(values(few), values(many)[..values(few).len()]);
        assert_eq!(values(few).len(), 2 * 3 * 20 * 12);
    }
    assert_ne!(many, run("seed", "--count 9 --seed 1"));
    let png = |out: &str| world.read(&format!("{out}/noise_pyramid-0.3-6_00001.png"));
    assert_eq!(png("many"), png("few"));
}

#[test]
fn pngs_show_the_values_at_the_stated_scale() {
    let world = World::create();
    let printed =
        world.succeed("noise --family offset:0.5 --resolution 16 --count 2 --noise-std 0.4 --channels luma -o out");
    assert!(printed.stdout.contains("black is -1.200 and white 1.200"), "{}", printed.stdout);
    let values = values(&world.read("out/noise.npy"));
    let pixels = image::open(world.path("out/noise_00001.png")).expect("a picture").into_rgb8();
    for (pixel, value) in pixels.pixels().zip(&values[256..]) {
        let code = (127.5 + 127.5 * value / 1.2).clamp(0.0, 255.0);
        assert!((f32::from(pixel.0[0]) - code).abs() <= 0.51 && pixel.0[0] == pixel.0[2], "{pixel:?} for {value}");
    }
    let document = world.json("out/noise.json");
    assert_eq!((document["seed"].as_u64(), document["noise_std"].as_f64()), (Some(0), Some(0.4)));
    assert_eq!(document["png_files"].as_array().map(Vec::len), Some(2));
}

#[test]
fn fewer_samples_leave_none_of_an_earlier_run_and_nobody_elses_files_are_touched() {
    let world = World::create();
    world.succeed("noise --family white --family blue --resolution 8 --count 3 -q -o out --plots none");
    world.write("out/noise_of_mine.png", "x");
    world.succeed("noise --family white --family blue --resolution 8 --count 2 -q -o out --plots none --format png");
    let pngs: Vec<_> = world.files("out").into_iter().filter(|n| n.ends_with(".png")).collect();
    assert_eq!(
        pngs,
        [
            "noise_blue_00000.png",
            "noise_blue_00001.png",
            "noise_of_mine.png",
            "noise_white_00000.png",
            "noise_white_00001.png"
        ]
    );
}

#[test]
fn samples_are_noise_images_for_later_runs_and_plots_are_not() {
    let world = World::with_photos(5);
    world.succeed("noise --family pink --resolution 16x24 --count 40 -q -o pink");
    let printed = world.succeed("distance photos --family dir:pink --family pink --family white --json -o out");
    let distances = printed.json()["distances"].as_array().expect("rows").clone();
    let kl = |name: &str| {
        let row = distances.iter().find(|r| r["family"] == name).unwrap_or_else(|| panic!("no {name}"));
        row["kl_data_noise_per_dim"].as_f64().expect("a number")
    };
    let (measured, law, white) = (kl("dir:pink"), kl("pink"), kl("white"));
    assert!((measured - law).abs() <= 0.2 * (white - law).abs(), "{measured} instead of {law}, white {white}");
}

#[test]
fn noise_that_cannot_be_is_refused_with_a_remedy() {
    let world = World::with_photos(3);
    for (words, parts) in [
        ("noise --family clod:1", &["clod:1", "cloud:Δ|fit|best"][..]),
        ("noise --family matched", &["matched", "dataset"]),
        ("noise --family cloud:fit", &["cloud:fit", "dataset"]),
        ("noise --family dir:nowhere", &["nowhere"]),
        ("noise --family white --family white", &["twice"]),
        ("noise --count 0", &["--count"]),
        ("noise --noise-std 0", &["--noise-std"]),
        ("noise --color", &["--color"]),
        ("noise photos --color --channels luma", &["--color", "one channel"]),
        ("noise --family cloud:1 --dc zero --resolution 1", &["cloud:1", "no power"]),
        ("distance photos --standardize none", &["--standardize none"]),
        ("distance photos --samples 1", &["--samples"]),
        ("distance photos --metric modes --metric modes", &["twice"]),
        ("distance", &["INPUT"]),
    ] {
        let printed = super::Printed::from(world.run(words).code(2).get_output());
        assert_eq!(printed.stdout, "", "{words}");
        for part in parts {
            assert!(printed.stderr.contains(part), "{words}: `{part}` is missing in: {}", printed.stderr);
        }
    }
    assert_eq!(world.files(""), ["photos"].map(String::from).to_vec(), "no output folder was made");
}

#[test]
fn color_noise_has_the_colours_of_the_set() {
    let world = World::with_photos(6);
    world.succeed("noise photos --family white --count 200 --color -q --format npy --plots none -o out");
    let values = values(&world.read("out/noise.npy"));
    let n_pixels = 24 * 16;
    let mut covariance = [[0.0; 3]; 3];
    for sample in values.chunks_exact(3 * n_pixels) {
        for (c, row) in covariance.iter_mut().enumerate() {
            for (d, entry) in row.iter_mut().enumerate() {
                let products = sample[c * n_pixels..][..n_pixels].iter().zip(&sample[d * n_pixels..][..n_pixels]);
                *entry += products.map(|(a, b)| f64::from(a * b)).sum::<f64>() / (200 * n_pixels) as f64;
            }
        }
    }
    world.succeed("covariance photos -q --plots none -o covariance");
    let table = world.table("covariance/color.csv");
    let rows = table.rows.iter().filter(|row| row[0] == "covariance");
    let wanted: Vec<f64> = rows.flat_map(|row| row[3..].iter().map(|v| v.parse().expect("a number"))).collect();
    assert_eq!(wanted.len(), 9);
    let largest = wanted.iter().copied().fold(0.0, f64::max);
    for (got, want) in covariance.iter().flatten().zip(&wanted) {
        assert!((got - want).abs() <= 0.03 * largest, "{covariance:?} instead of {wanted:?}");
    }
}
