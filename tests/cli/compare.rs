//! Two sets beside each other: what is said of them, what is refused.

use super::sets::{picture, save};
use super::{World, write_uniform};

/// Pictures 0 to `n`, and others of the same kind whose red channel was averaged with its right neighbour.
fn with_blurred(n: u32) -> World {
    let world = World::create();
    write_uniform(&world.path("sharp"), n, 32, 32);
    for i in 0..n {
        let sharp = picture(32, 32, 1000 + i);
        let mut blurred = sharp.clone();
        for (x, y, pixel) in blurred.enumerate_pixels_mut() {
            let right = sharp.get_pixel((x + 1) % 32, y);
            for c in 0..3 {
                pixel.0[c] = ((u32::from(pixel.0[c]) + u32::from(right.0[c])) / 2) as u8;
            }
        }
        save(&world.path(format!("blurred/{i:02}.png")), &blurred.into());
        save(&world.path(format!("other/{i:02}.png")), &picture(32, 32, 2000 + i).into());
    }
    world
}

#[test]
fn a_blurred_set_has_less_power_at_high_frequencies_and_one_of_the_same_kind_has_not() {
    let world = with_blurred(24);
    let printed = world.succeed("compare sharp blurred other -o out");
    let first = printed.stdout.lines().next().expect("a sentence");
    assert!(first.starts_with("blurred has ") && first.contains(" dB less "), "{}", printed.stdout);
    assert!(printed.stdout.contains("blurred is smoother"), "{}", printed.stdout);
    assert!(printed.stdout.lines().all(|line| line.chars().count() <= 80), "{}", printed.stdout);
    let table = world.table("out/compare.csv");
    let rows = || table.rows.iter().zip(table.column("second")).zip(table.column("differs"));
    assert!(rows().any(|((_, second), differs)| second == "blurred" && differs == "true"));
    assert!(rows().all(|((_, second), differs)| second != "other" || differs == "false"), "{:?}", table.rows);
    let report = world.json("out/compare.json");
    let p = |i: usize| report["comparisons"][i]["overall"]["p"].as_f64().expect("a chance");
    assert!(p(0) <= 1e-6, "{}", p(0));
    assert!(p(1) > 0.01, "{}", p(1));
    for file in ["compare.csv", "compare_annuli.csv", "compare.json", "compare.md", "compare.svg", "compare.png"] {
        assert!(world.path(format!("out/{file}")).exists(), "{file}");
    }
}

#[test]
fn few_images_that_do_not_differ_are_not_called_alike() {
    let world = with_blurred(24);
    let advice = |second: &str| world.succeed(&format!("compare sharp {second} -o out --plots none")).stdout;
    assert!(advice("other").contains("Nothing here speaks against"), "{}", advice("other"));
    for i in 2..24 {
        std::fs::remove_file(world.path(format!("other/{i:02}.png"))).expect("removed");
    }
    let few = advice("other");
    assert!(few.contains("That is no proof that they are alike") && !few.contains("Nothing here"), "{few}");
}

#[test]
fn numbers_of_text_json_csv_and_markdown_are_the_same() {
    let world = with_blurred(12);
    let printed = world.succeed("compare sharp blurred -o out --json");
    let (json, csv) = (printed.json(), world.table("out/compare.csv"));
    let text = world.succeed("compare sharp blurred -o text --plots none").stdout;
    let markdown = String::from_utf8(world.read("out/compare.md")).expect("UTF-8");
    let bands = json["comparisons"][0]["bands"].as_array().expect("bands");
    assert_eq!(bands.len(), csv.rows.len());
    for (band, value) in bands.iter().zip(csv.numbers("difference_db")) {
        let in_json = band["difference_db"]["value"].as_f64().expect("a number");
        assert!((in_json - value).abs() <= 1e-8 * value.abs().max(1e-3));
        assert!(text.contains(&format!("{value:+.2}")), "{value} is not in {text}");
        assert!(markdown.contains(&format!("{value:+.4}")), "{value} is not in {markdown}");
    }
}

#[test]
fn a_saved_spectrum_compares_like_its_folder() {
    let world = with_blurred(10);
    world.succeed("scan blurred -o saved -q --plots none");
    let of = |words: &str, out: &str| {
        world.succeed(&format!("compare {words} -o {out} -q --plots none"));
        world.table(&format!("{out}/compare.csv")).rows
    };
    assert_eq!(of("sharp blurred", "a"), of("sharp saved/blurred.spectrum", "b"));
    world.refuse("compare sharp saved/blurred.spectrum --resolution 16 -o x", &["--resolution contradicts"]);
}

#[test]
fn a_set_does_not_differ_from_itself_and_pairs_see_what_means_do_not() {
    let world = with_blurred(8);
    let printed = world.succeed("compare sharp sharp -o same");
    assert!(printed.stdout.starts_with("No octave band"), "{}", printed.stdout);
    // One code brighter: far less than the images differ among themselves.
    for i in 0..8 {
        let mut brighter = picture(32, 32, i);
        brighter.pixels_mut().for_each(|p| p.0.iter_mut().for_each(|v| *v = v.saturating_add(1)));
        save(&world.path(format!("brighter/{i:02}.png")), &brighter.into());
    }
    let p = |options: &str, out: &str| {
        world.succeed(&format!("compare sharp brighter {options} -o {out} -q --plots none"));
        world.json(&format!("{out}/compare.json"))["comparisons"][0]["brightness"]["p"].as_f64().expect("a chance")
    };
    let (apart, paired) = (p("", "apart"), p("--paired", "paired"));
    assert!(apart > 0.5 && paired < 1e-6, "{apart} {paired}");
    save(&world.path("alone/x.png"), &picture(32, 32, 1).into());
    world.refuse("compare sharp alone --paired -o x", &["same path", "--paired"]);
}

#[test]
fn sets_that_differ_in_brightness_alone_are_not_called_alike() {
    let world = with_blurred(24);
    for i in 0..24 {
        let mut darker = picture(32, 32, i);
        darker.pixels_mut().for_each(|p| p.0.iter_mut().for_each(|v| *v = v.saturating_sub(2)));
        save(&world.path(format!("darker/{i:02}.png")), &darker.into());
    }
    let said = words(&world.succeed("compare sharp darker --paired -o out --plots none").stdout);
    let told = "The bands agree, brightness does not: darker is 0.016 darker.";
    assert!(said.contains(told) && !said.contains("Nothing here speaks against"), "{said}");
}

#[test]
fn sets_that_cannot_be_compared_are_refused() {
    let world = with_blurred(6);
    world.refuse("compare sharp -o x", &["two sets at least"]);
    world.refuse("compare sharp blurred --by-input -o x", &["--by-input"]);
    world.succeed("scan sharp -o a -q --plots none");
    world.succeed("scan blurred -o b -q --plots none --window hann");
    world.succeed("scan blurred -o c -q --plots none --resolution 16");
    world.refuse(
        "compare a/sharp.spectrum b/blurred.spectrum -o x",
        &["prepared differently", "--window none and hann", "--allow-different-preprocess"],
    );
    world.succeed("compare a/sharp.spectrum b/blurred.spectrum --allow-different-preprocess -o y -q");
    world.refuse("compare a/sharp.spectrum c/blurred.spectrum -o x", &["32×32", "16×16", "--resolution"]);
}

#[test]
fn few_images_are_said_to_be_few() {
    let world = with_blurred(3);
    let printed = world.succeed("compare sharp blurred -o out");
    assert!(printed.stdout.contains("not enough files"), "{}", printed.stdout);
    let printed = world.succeed("compare sharp/00.png blurred/00.png -o one");
    assert!(printed.stdout.starts_with("Too few files"), "{}", printed.stdout);
}

/// The words of a text, lines joined.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A difference of a report: value, ends of the interval.
fn difference(of: &serde_json::Value) -> [f64; 3] {
    ["value", "low95", "high95"].map(|key| of[key].as_f64().expect("a number"))
}

#[test]
fn sentences_say_what_the_numbers_are() {
    let world = with_blurred(24);
    for (first, second) in [("sharp", "blurred"), ("blurred", "sharp"), ("sharp", "other")] {
        let said = words(&world.succeed(&format!("compare {first} {second} -o out --plots none")).stdout);
        let json = world.json("out/compare.json");
        let found = &json["comparisons"][0];
        let bands = found["bands"].as_array().expect("bands");
        let says = |part: String| assert!(said.contains(&part), "`{part}` is not in: {said}");
        let frequency = |of: &serde_json::Value, key: &str| {
            format!("{:.4}", of[key].as_f64().expect("a frequency")).trim_end_matches('0').to_owned()
        };
        let ends = |[value, low, high]: [f64; 3], digits: usize| match value > 0.0 {
            true => format!("(95 %: {low:.digits$} to {high:.digits$})"),
            false => format!("(95 %: {:.digits$} to {:.digits$})", -high, -low),
        };
        for run in found["runs"].as_array().expect("runs") {
            let [value, ..] = difference(&run["difference_db"]);
            let low = frequency(run, "frequency_low_cycles_per_px");
            let high = frequency(run, "frequency_high_cycles_per_px");
            let place = match (run["first_band"] == 0, run["last_band"] == bands.len() - 1) {
                (true, true) => "at all frequencies".to_owned(),
                (true, false) => format!("up to {high} cycles/px"),
                (false, true) => format!("from {low} cycles/px up"),
                (false, false) => format!("from {low} to {high} cycles/px"),
            };
            let side = if value > 0.0 { "more" } else { "less" };
            says(format!("{:.2} dB {side} {place} {}", value.abs(), ends(difference(&run["difference_db"]), 2)));
        }
        let farthest = |of: &serde_json::Value| difference(of)[1].abs().max(difference(of)[2].abs());
        if found["runs"].as_array().is_some_and(Vec::is_empty) {
            let open = bands.iter().map(|band| farthest(&band["difference_db"])).fold(0.0, f64::max);
            says(format!(
                "No octave band of {second} differs from {first} beyond chance (each equal within ± {open:.1} dB)"
            ));
        }
        for (name, subject, digits, more, less) in
            [("delta", "its Δ", 2, "larger", "smaller"), ("brightness", "it", 3, "brighter", "darker")]
        {
            let difference = difference(&found[name]);
            let name = if name == "delta" { "Δ" } else { name };
            if found[if name == "Δ" { "delta" } else { name }]["p"].as_f64().expect("a chance") > 0.05 {
                says(format!("{name} equal within ± {:.digits$}", difference[1].abs().max(difference[2].abs())));
            } else {
                let side = if difference[0] > 0.0 { more } else { less };
                says(format!("{subject} is {:.digits$} {side} {}", difference[0].abs(), ends(difference, digits)));
            }
        }
        for band in bands {
            let p = band["p_holm"].as_f64().expect("a chance");
            let chance = match format!("{p:.4}") {
                _ if p < 1e-4 => "< 0.0001".to_owned(),
                text if text == "1.0000" => "1".to_owned(),
                text => text,
            };
            let differs = if band["differs"] == true { " differs" } else { "" };
            let [value, low, high] = difference(&band["difference_db"]);
            says(format!("{value:+.2} {low:+.2} to {high:+.2} {chance}{differs}"));
        }
        let verdict = if second == "other" { "no difference beyond chance" } else { "the spectra differ" };
        says(format!("bands together: {verdict} (Hotelling's T², p "));
    }
    let few = words(&world.succeed("compare sharp/00.png blurred/00.png -o few").stdout);
    let n_bands = world.json("few/compare.json")["comparisons"][0]["bands"].as_array().expect("bands").len();
    assert!(few.contains(&format!("it takes more than {} in both sets together", n_bands + 2)), "{few}");
}

#[test]
fn pairs_differ_by_the_mean_of_their_differences() {
    let world = World::create();
    // Codes by which images 0 to 5 are brighter; one more image has no partner.
    let brighter = [1_u8, 2, 3, 4, 5, 9];
    let flat = |folder: &str, i: u8, code: u8| {
        save(
            &world.path(format!("{folder}/{i}.png")),
            &image::RgbImage::from_pixel(32, 16, image::Rgb([code; 3])).into(),
        );
    };
    for (i, by) in (0..).zip(brighter) {
        flat("one", i, 100 + 10 * i);
        flat("two", i, 100 + 10 * i + by);
    }
    flat("two", 6, 100);
    let paired = |out: &str, options: &str| {
        let printed = world.succeed(&format!("compare one two --paired -o {out} --plots none {options}"));
        assert!(printed.stderr.contains("1 files of one and two have no partner"), "{}", printed.stderr);
        let found = world.json(&format!("{out}/compare.json"))["comparisons"][0].clone();
        assert_eq!(found["n_pairs"], 6);
        difference(&found["brightness"])
    };
    // 4 codes, their standard deviation √8, Student's t of 5 degrees of freedom.
    let (code, half) = (2.0 / 255.0, 2.570_582 * (8.0_f64 / 6.0).sqrt());
    for [value, low, high] in [paired("whole", "--resolution 16"), paired("tiles", "--transform tile --resolution 16")]
    {
        for (found, wanted) in [(value, 4.0), (low, 4.0 - half), (high, 4.0 + half)] {
            assert!((found / code - wanted).abs() <= 1e-4, "{found} is not {wanted} codes");
        }
    }
    (2..7).for_each(|i| std::fs::remove_file(world.path(format!("two/{i}.png"))).expect("removed"));
    world.succeed("compare one two --paired -o few --plots none -q --resolution 16");
    difference(&world.json("few/compare.json")["comparisons"][0]["brightness"]);
}

#[test]
fn contrasts_of_pairs_differ_along_the_slope_halfway_between_both() {
    let world = World::create();
    // Halves of a code more and less than the middle: the second set has more of it, by an amount of its own.
    let amplitudes = [(20.0, 30.0), (25.0, 45.0), (30.0, 40.0), (35.0, 70.0), (50.0, 60.0), (10.0, 35.0)];
    let halves = |amplitude: f64| {
        image::RgbImage::from_fn(16, 16, |x, _| {
            image::Rgb([(if x < 8 { 128.0 - amplitude } else { 128.0 + amplitude }) as u8; 3])
        })
    };
    for (i, (one, two)) in amplitudes.iter().enumerate() {
        save(&world.path(format!("one/{i}.png")), &halves(*one).into());
        save(&world.path(format!("two/{i}.png")), &halves(*two).into());
    }
    world.succeed("compare one two --paired -o out --plots none -q");
    let [value, low, high] = difference(&world.json("out/compare.json")["comparisons"][0]["contrast"]);
    // In codes: the mean is the same everywhere, so that the variance of the pixels is the mean square of amplitudes.
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| amplitudes.iter().map(of).sum::<f64>() / amplitudes.len() as f64;
    let (first, second) = (mean(&|a| a.0 * a.0), mean(&|a| a.1 * a.1));
    let slope = 0.5 / (0.5 * (first + second)).sqrt();
    let spread = mean(&|a| (slope * (a.1 * a.1 - a.0 * a.0 - (second - first))).powi(2));
    let half = 2.570_582 * (spread / (amplitudes.len() as f64 - 1.0)).sqrt();
    let wanted = second.sqrt() - first.sqrt();
    for (found, wanted) in [(value, wanted), (low, wanted - half), (high, wanted + half)] {
        assert!((found * 127.5 - wanted).abs() <= 1e-3 * half, "{} is not {wanted} codes", found * 127.5);
    }
}

#[test]
fn few_pairs_are_no_verdict_and_pairs_that_are_the_same_are_said_to_be() {
    let world = World::create();
    write_uniform(&world.path("one"), 24, 32, 32);
    write_uniform(&world.path("same"), 24, 32, 32);
    // Of the second set two have partners; and two that differ by a code in places.
    for i in 0..24 {
        let mut near = picture(32, 32, i);
        near.get_pixel_mut(i, 3).0[1] ^= 1;
        save(&world.path(format!("near/{:02}.png", if i < 2 { i } else { 100 + i })), &near.into());
    }
    let said =
        |words_of: &str| words(&world.succeed(&format!("compare {words_of} --paired -o out --plots none")).stdout);
    let near = said("one near");
    assert!(
        near.starts_with("2 pairs of 24 and 24 files: too few to call near and one equal, which takes 20;"),
        "{near}"
    );
    assert!(near.contains("a verdict takes 20 pairs; here: 2."), "{near}");
    assert!(near.contains("not enough pairs for Hotelling's test"), "{near}");
    assert!(!near.contains("Nothing here speaks against") && !near.contains("brightness equal"), "{near}");
    let same = said("one same");
    assert!(same.starts_with("24 pairs: the images of one and same have the same spectra;"), "{same}");
    assert!(same.contains("Nothing here speaks against") && !same.contains("not enough"), "{same}");
    assert!(same.contains("All bands together: nothing to test, for the pairs have the same spectra"), "{same}");
    let page = String::from_utf8(world.read("out/compare.md")).expect("UTF-8");
    assert!(page.contains("have the same spectra"), "{page}");
}

/// `n` images of one wave across and along, of about `amplitude`, with grain whose strength is of a spread of its own.
fn waves(world: &World, set: &str, n: u32, amplitude: f64, grain: &dyn Fn(u32) -> f64) {
    for i in 0..n {
        let phase = f64::from(i);
        let wave = |x: u32| (f64::from(x) * std::f64::consts::TAU / 32.0 + phase).cos();
        let amplitude = amplitude * (1.0 + 0.02 * f64::from(i % 3));
        let mut state = 1 + i;
        let image = image::RgbImage::from_fn(32, 32, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state >> 8) / f64::from(1 << 24) - 0.5;
            image::Rgb([(128.0 + amplitude * (wave(x) + wave(y)) + grain(i) * noise).round() as u8; 3])
        });
        save(&world.path(format!("{set}/{set}{i:02}.png")), &image.into());
    }
}

#[test]
fn fine_detail_is_called_equal_only_where_its_interval_is_narrow() {
    let world = World::create();
    waves(&world, "many", 30, 12.0, &|i| 20.0 + f64::from(i % 5));
    waves(&world, "alike", 24, 36.0, &|i| 20.0 + f64::from(i % 5));
    waves(&world, "few", 5, 36.0, &|i| [20.0, 60.0, 14.0, 80.0, 9.0][i as usize]);
    let said = |second: &str| words(&world.succeed(&format!("compare many {second} -o out --plots none")).stdout);
    let (alike, few) = (said("alike"), said("few"));
    assert!(alike.contains("not in its fine detail (equal within ± "), "{alike}");
    assert!(few.contains("few differs in its coarse structure") && few.contains("is not known: "), "{few}");
    assert!(!few.contains("not in its fine detail"), "{few}");
}

#[test]
fn differences_of_nothing_are_left_out_and_the_largest_band_is_named() {
    let world = with_blurred(24);
    let paired = words(&world.succeed("compare sharp blurred --paired -o out").stdout);
    assert!(paired.starts_with("24 pairs: ") || paired.starts_with("24 pairs of 24 and "), "{paired}");
    assert!(paired.contains("Δ (unpaired)") && paired.contains("The sets as wholes, not their pairs:"), "{paired}");
    assert!(!paired.contains("specscan compare --paired"), "{paired}");
    let headline = paired.split(". ").next().expect("a sentence");
    assert!(!headline.contains(" 0.00 dB") && !headline.contains(" is 0.000 "), "{headline}");
    let picture = String::from_utf8(world.read("out/compare.svg")).expect("UTF-8");
    assert!(picture.contains("not of their pairs"), "the figure does not say whose intervals it shows");
    let unpaired = words(&world.succeed("compare sharp blurred -o out --plots none").stdout);
    let json = world.json("out/compare.json");
    let bands = json["comparisons"][0]["bands"].as_array().expect("bands");
    let most = bands.iter().filter(|band| band["differs"] == true).map(|band| difference(&band["difference_db"]));
    let [value, low, high] = most.max_by(|a, b| a[0].abs().total_cmp(&b[0].abs())).expect("a band that differs");
    let named = format!("{:.2} dB less from 0.25 cycles/px up (95 %: {:.2} to {:.2})", -value, -high, -low);
    assert!(low < 0.0 && unpaired.contains(&named), "`{named}` is not in: {unpaired}");
    assert!(unpaired.contains("The files have the same paths") && unpaired.contains("--paired"), "{unpaired}");
}

#[test]
fn distances_have_their_level_by_chance_and_the_page_has_all_of_them() {
    let world = with_blurred(24);
    let text = words(&world.succeed("compare sharp blurred -o out --plots none").stdout);
    let distance = world.json("out/compare.json")["comparisons"][0]["distance"].clone();
    let number = |key: &str| distance[key].as_f64().expect("a number");
    let short = |value: f64| format!("{value:.*}", (3.0 - value.abs().log10().floor()) as usize);
    let page = String::from_utf8(world.read("out/compare.md")).expect("UTF-8");
    for (key, told) in [
        ("w2_per_dim", "2-Wasserstein per dimension (value) – "),
        ("w2_per_dim_by_chance", "by chance, about – "),
        ("kl_second_first_per_dim", "KL(it ‖ first) per dimension (nats) – "),
        ("kl_first_second_per_dim", "KL(first ‖ it) per dimension (nats) – "),
        ("kl_per_dim_by_chance", "both by chance, at least – "),
    ] {
        let value = short(number(key));
        assert!(text.contains(&format!("{told}{value}")), "`{told}{value}` is not in: {text}");
        assert!(page.contains(&value), "{key} {value} is not in: {page}");
    }
    let exponent =
        |word: &str| word.split_once('e').is_some_and(|(a, b)| a.parse::<f64>().is_ok() && b.parse::<i32>().is_ok());
    assert!(!page.split_whitespace().any(exponent) && page.contains("< 0.0001"), "{page}");
    assert!(text.contains("All 5 bands together: ") || text.contains("All 4 bands together: "), "{text}");
    // A checkerboard leaves its peak on the page, too.
    for i in 0..8 {
        let mut board = picture(32, 32, i);
        board
            .enumerate_pixels_mut()
            .filter(|(x, y, _)| (x + y) % 2 == 0)
            .for_each(|(_, _, p)| p.0.iter_mut().for_each(|v| *v = v.saturating_add(24 + 4 * i as u8)));
        save(&world.path(format!("board/{i}.png")), &board.into());
    }
    world.succeed("compare sharp board -o board_out --plots none");
    let page = String::from_utf8(world.read("board_out/compare.md")).expect("UTF-8");
    assert!(page.contains("board: ") && page.contains(" cycles/px (vertical, horizontal)"), "{page}");
}
