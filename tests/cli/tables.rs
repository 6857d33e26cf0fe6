//! What the tables hold: the columns that scripts rely on, rows in path order, empty cells for what is missing.

use super::{World, sets};

const SCAN_HEADERS: [(&str, &str); 3] = [
    ("images.csv", "path,format,width_px,height_px,mean,std,delta,amplitude,delta_r2,flat"),
    (
        "rapsd.csv",
        "bin,frequency_cycles_per_px,n_modes,power_mean,power_std,power_q05,power_q25,power_q50,power_q75,power_q95,power_db",
    ),
    (
        "gamma_radial.csv",
        "channel,bin,frequency_cycles_per_px,n_modes,gamma_mean,gamma_db,pseudo_covariance_ratio,kurtosis",
    ),
];

fn assert_header(world: &World, table: &str, header: &str) {
    assert_eq!(world.table(table).header.join(","), header, "{table}");
}

/// 1500 images of 4×4 white noise whose contrast is 0.4, and 1 in each of which `is_strong`.
fn contrasts(world: &World, folder: &str, is_strong: fn(u32) -> bool) {
    let mut state = 1_u32;
    let mut uniform = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    std::fs::create_dir_all(world.path(folder)).expect("a folder");
    for i in 0..1500 {
        let std = if is_strong(i) { 40.0 } else { 16.0 };
        let image = image::GrayImage::from_fn(4, 4, |_, _| {
            let normal = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            image::Luma([(128.0 + std * normal).round().clamp(0.0, 255.0) as u8])
        });
        image.save(world.path(format!("{folder}/{i:04}.png"))).expect("an image");
    }
}

#[test]
fn modes_that_are_uncorrelated_and_not_gaussian_are_not_called_independent() {
    let world = World::create();
    contrasts(&world, "even", |_| true);
    contrasts(&world, "uneven", |i| i % 7 == 0);
    let text = |folder: &str| {
        let printed =
            world.succeed(&format!("covariance {folder} --channels luma --plots none -o {folder}-out")).stdout;
        printed.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (even, uneven) = (text("even"), text("uneven"));
    assert!(even.contains("Fourier modes are as good as independent"), "{even}");
    assert!(uneven.contains("Fourier modes are uncorrelated, but far from Gaussian (κ4 up to 4."), "{uneven}");
    assert!(!uneven.contains("not circular") && uneven.contains("values up to this are chance"), "{uneven}");
}

#[test]
fn the_published_recipe_begins_with_its_own_estimator() {
    let world = World::create();
    super::write_uniform(&world.path("photos"), 6, 64, 64);
    let printed = world.succeed("fit-delta photos --paper --plots none -o out").stdout;
    let table = world.table("out/fit.csv");
    let at = table.column("estimator").iter().position(|e| *e == "modes").expect("a fit over modes");
    let delta = table.numbers("delta")[at];
    assert!(printed.starts_with(&format!("Δ = {delta:.2}")), "{printed}");
    assert!(printed.contains("by modes, the estimator of Cloud Diffusion"), "{printed}");
    assert!(!world.succeed("fit-delta photos --plots none -o out").stdout.contains("Cloud Diffusion"));
}

#[test]
fn columns_are_those_of_the_contract() {
    let world = World::with_photos(4);
    world.succeed("scan photos -o out -q --plots none");
    for (table, header) in SCAN_HEADERS {
        assert_header(&world, &format!("out/{table}"), header);
    }
    world.succeed("rapsd photos -o out -q --plots none --per-channel");
    assert_header(&world, "out/rapsd.csv", SCAN_HEADERS[1].1);
    assert_header(&world, "out/rapsd_channels.csv", &format!("channel,{}", SCAN_HEADERS[1].1));
    let bins: String = (0..13).map(|j| format!(",power_bin_{j}")).collect();
    assert_header(&world, "out/rapsd_images.csv", &format!("path{bins}"));
    world.succeed("fit-delta photos -o out -q --plots none");
    assert_header(
        &world,
        "out/fit.csv",
        "estimator,channel,delta,delta_low95,delta_high95,delta_coarse,delta_coarse_low95,\
         delta_coarse_high95,delta_fine,delta_fine_low95,delta_fine_high95,amplitude,r2,residual_db,\
         frequency_low,frequency_high,cross_mask,n_modes,n_images,n_files,curvature_p",
    );
    assert_header(
        &world,
        "out/local_exponent.csv",
        "channel,frequency_cycles_per_px,delta,delta_low95,delta_high95,n_bins",
    );
    world.succeed("covariance photos -o out -q --plots none --coherence --diagonality 4");
    assert_header(&world, "out/color.csv", "kind,name,value,r,g,b");
    assert_header(&world, "out/coherence.csv", "channel_a,channel_b,bin,frequency_cycles_per_px,coherence");
}

#[test]
fn images_come_in_path_order_with_what_they_are() {
    let world = World::create();
    let files = [("B.png", 30, 20), ("a.jpg", 20, 40), ("a/z.png", 25, 25), ("b.png", 21, 22), ("Ä.png", 20, 20)];
    for (i, (name, width, height)) in files.iter().enumerate() {
        sets::save(&world.path(format!("photos/{name}")), &sets::picture(*width, *height, i as u32).into());
    }
    sets::save(&world.path("photos/flat.png"), &image::RgbImage::from_pixel(20, 20, image::Rgb([200, 30, 90])).into());
    world.succeed("scan photos -o out -q --plots none --resolution 16 -j 3");
    let table = world.table("out/images.csv");
    assert_eq!(table.column("path"), ["B.png", "a.jpg", "a/z.png", "b.png", "flat.png", "Ä.png"]);
    assert_eq!(table.column("format"), ["PNG", "JPEG", "PNG", "PNG", "PNG", "PNG"]);
    assert_eq!(table.column("width_px"), ["30", "20", "25", "21", "20", "20"]);
    assert_eq!(table.column("height_px"), ["20", "40", "25", "22", "20", "20"]);
    assert_eq!(table.column("flat"), ["false", "false", "false", "false", "true", "false"]);
    // A flat image has a brightness and nothing else.
    for column in ["delta", "amplitude", "delta_r2"] {
        let cells = table.column(column);
        assert_eq!(cells[4], "", "{column}");
        assert!(cells.iter().enumerate().all(|(i, cell)| i == 4 || cell.parse::<f64>().is_ok()), "{column}: {cells:?}");
    }
    let want = [200.0, 30.0, 90.0].map(|v| v / 127.5 - 1.0).iter().sum::<f64>() / 3.0;
    assert!((table.numbers("mean")[4] - want).abs() <= 1e-12);
}

#[test]
fn flat_images_have_no_deviation_and_no_power() {
    let world = World::create();
    for value in [0u8, 1, 77, 128, 200, 255] {
        let grey = image::RgbImage::from_pixel(21, 17, image::Rgb([value; 3]));
        sets::save(&world.path(format!("photos/{value:03}.png")), &grey.into());
    }
    world.succeed("scan photos -o out -q --plots none");
    let images = world.table("out/images.csv");
    assert_eq!(images.column("flat"), vec!["true"; 6]);
    assert!(images.numbers("std").iter().all(|std| *std == 0.0), "{:?}", images.column("std"));
    for table in ["out/rapsd.csv", "out/gamma_radial.csv", "out/images.csv"] {
        let text = String::from_utf8(world.read(table)).expect("UTF-8");
        assert!(!text.contains("NaN") && !text.contains("inf"), "{table}:\n{text}");
    }
    let output = world.run("fit-delta photos -o fit --plots none").code(2);
    let message = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(message.contains("no estimator could fit"), "{message}");
}

#[test]
fn tiles_are_named_by_their_corners() {
    let world = World::create();
    sets::save(&world.path("photos/one.png"), &sets::picture(40, 33, 1).into());
    world.succeed("scan photos -o out -q --plots none --resolution 16 --transform tile");
    let table = world.table("out/images.csv");
    assert_eq!(table.column("path"), ["one.png#0,0", "one.png#16,0", "one.png#0,16", "one.png#16,16"]);
    assert_eq!(world.json("out/scan.json")["counts"]["n_images"], 4);
    assert_eq!(world.json("out/scan.json")["counts"]["n_files"], 1);
}

#[test]
fn the_set_is_the_mean_of_its_images() {
    let world = World::with_photos(5);
    world.succeed("rapsd photos -o out -q --plots none");
    let (set, images) = (world.table("out/rapsd.csv"), world.table("out/rapsd_images.csv"));
    assert_eq!(set.rows.len(), 13);
    let std = set.numbers("power_std");
    for (j, mean) in set.numbers("power_mean").into_iter().enumerate() {
        let each = images.numbers(&format!("power_bin_{j}"));
        let want = each.iter().sum::<f64>() / 5.0;
        assert!((mean - want).abs() <= 1e-8 * want, "bin {j}: {mean} and {want}");
        let deviation = (each.iter().map(|v| (v - want).powi(2)).sum::<f64>() / 4.0).sqrt();
        assert!((std[j] - deviation).abs() <= 1e-6 * want, "bin {j}: {} and {deviation}", std[j]);
    }
    // 24×16 pixels: ±1 along the width lies at annulus 1, ±1 along the height at 1.5, which rounds to 2.
    assert_eq!(set.numbers("n_modes")[..2], [1.0, 2.0]);
    assert!((set.numbers("frequency_cycles_per_px")[12] - 0.5).abs() <= 1e-15);
    world.succeed("rapsd photos -o npy -q --plots none --images npy");
    let file = std::fs::File::open(world.path("npy/rapsd_images.npy")).expect("written");
    let matrix: ndarray::Array2<f32> = ndarray_npy::ReadNpyExt::read_npy(file).expect("a matrix");
    assert_eq!(matrix.dim(), (5, 13));
    assert!((f64::from(matrix[[3, 2]]) - images.numbers("power_bin_2")[3]).abs() <= 1e-6 * f64::from(matrix[[3, 2]]));
    assert_eq!(world.table("npy/rapsd_images_paths.csv").column("path"), images.column("path"));
    world.succeed("rapsd photos -o none -q --plots none --images none");
    assert_eq!(world.files("none"), ["rapsd.csv", "rapsd.json"]);
}

#[test]
fn subsets_are_the_first_or_a_seeded_choice() {
    let world = World::with_photos(9);
    let paths = |options: &str| {
        world.succeed(&format!("scan photos -o out -q --plots none {options}"));
        world.table("out/images.csv").column("path").join(" ")
    };
    assert_eq!(paths("--num 2"), "00.png 01.png");
    assert_eq!(paths("--max-images 2"), "00.png 01.png");
    let chosen = paths("--sample 4 --seed 5");
    assert_eq!(chosen.split(' ').count(), 4);
    assert_eq!(paths("--sample 4 --seed 5 -j 1"), chosen);
    assert!((0..8).any(|seed| paths(&format!("--sample 4 --seed {seed}")) != chosen), "the seed matters");
    assert!(chosen.split(' ').is_sorted(), "{chosen}");
    paths("--sample 3 --seed 7");
    assert_eq!(world.json("out/scan.json")["seed"], 7);
}

#[test]
fn the_manifest_says_what_was_done() {
    let world = World::with_photos(3);
    world.succeed("scan photos -o out -q --plots svg --seed 4 -j 2 --range 0:1");
    let run = world.json("out/scan.json");
    assert_eq!((&run["arguments"][0], &run["command"]), (&"scan".into(), &"scan".into()));
    assert_eq!(run["inputs"], serde_json::json!(["photos"]));
    assert_eq!(run["preprocess"]["range"], serde_json::json!([0.0, 1.0]));
    assert_eq!((&run["seed"], &run["threads"]), (&4.into(), &2.into()));
    assert!(run["wall_time_s"].as_f64().expect("a time") > 0.0);
    assert!(run["fft_kernel"].as_str().expect("a name").starts_with("rustfft"));
    let mut listed: Vec<&str> =
        run["results"].as_array().expect("files").iter().filter_map(|f| f["name"].as_str()).collect();
    listed.push("scan.json");
    listed.sort_unstable();
    assert_eq!(listed, world.files("out"));
}

#[test]
fn colour_rows_decompose_the_covariance() {
    let world = World::with_photos(4);
    world.succeed("covariance photos -o out -q --plots none --diagonality 4");
    let color = world.table("out/color.csv");
    assert_eq!(
        color.column("kind"),
        ["covariance", "covariance", "covariance", "eigenvector", "eigenvector", "eigenvector"]
    );
    assert_eq!(color.column("name"), ["r", "g", "b", "1", "2", "3"]);
    let number = |row: usize, column: &str| color.column(column)[row].parse::<f64>().expect("a number");
    for (i, a) in ["r", "g", "b"].into_iter().enumerate() {
        for (k, b) in ["r", "g", "b"].into_iter().enumerate() {
            let sum: f64 = (3..6).map(|e| number(e, "value") * number(e, a) * number(e, b)).sum();
            assert!((sum - number(i, b)).abs() <= 1e-12, "{a} {b}");
            assert_eq!(number(i, b), number(k, a));
        }
    }
    let diagonality = world.json("out/diagonality.json");
    assert_eq!(diagonality["n_dimensions"], 4 * 3);
    assert_eq!(diagonality["eigenvalues"].as_array().expect("numbers").len(), 12);
}

#[test]
fn every_exponent_of_the_set_lies_in_its_interval() {
    let world = World::with_photos(7);
    let printed = world.succeed("fit-delta photos -o out --json --plots none");
    let table = world.table("out/fit.csv");
    let json = printed.json();
    for (i, estimator) in table.column("estimator").into_iter().enumerate() {
        for name in ["delta", "delta_coarse", "delta_fine"] {
            let columns = [format!("{name}_low95"), name.to_owned(), format!("{name}_high95")];
            let cells = columns.each_ref().map(|column| table.column(column)[i]);
            if estimator != "radial" && name != "delta" {
                assert_eq!(cells, [""; 3], "{estimator} {name}");
                continue;
            }
            let [low, value, high] = cells.map(|cell| cell.parse::<f64>().unwrap_or(f64::NAN));
            // Student's intervals lie evenly about their estimate.
            assert!(low < value && (high - value - (value - low)).abs() <= 1e-9, "{estimator} {name}: {cells:?}");
            let same = columns.map(|column| json["fits"][i][column.as_str()].as_f64().unwrap_or(f64::NAN));
            // The reader of JSON may be off by the last bit.
            let is_same = |(a, b): (&f64, f64)| (a - b).abs() <= 1e-15 * b.abs();
            assert!(same.iter().zip([low, value, high]).all(is_same), "{estimator} {name}: {same:?}");
        }
    }
}
