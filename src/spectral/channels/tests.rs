//! Tests of the codes against the colour formulas in double precision.

use super::*;

const ALL: [Channels; 3] = [Channels::Rgb, Channels::Luma, Channels::Ycbcr];

/// Corners of the colour cube, greys, and a pseudo-random walk through it.
fn pixels() -> Vec<[u8; 3]> {
    let corners = (0..8u8).map(|i| [0, 1, 2].map(|c| if i >> c & 1 == 1 { 255 } else { 0 }));
    let greys = (0..=255u8).map(|v| [v; 3]);
    let walk = (0..500u32).map(|i| [7919, 104_729, 1_299_709].map(|p| (i.wrapping_mul(p) >> 3) as u8));
    corners.chain(greys).chain(walk).collect()
}

fn split(channels: Channels, pixels: &[[u8; 3]]) -> Vec<Vec<f32>> {
    let mut planes = vec![f32::NAN; channels.count() * pixels.len()];
    channels.split(pixels.chunks(19).map(|row| row.as_flattened()), pixels.len(), &mut planes);
    planes.chunks_exact(pixels.len()).map(<[f32]>::to_vec).collect()
}

/// The channels of a pixel on the range −1…1, by their textbook formulas.
fn expected(channels: Channels, pixel: [u8; 3]) -> Vec<f64> {
    let [r, g, b] = pixel.map(|v| f64::from(v) / 127.5 - 1.0);
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    match channels {
        Channels::Rgb => vec![r, g, b],
        Channels::Luma => vec![y],
        Channels::Ycbcr => vec![y, -0.1687 * r - 0.3313 * g + 0.5 * b, 0.5 * r - 0.4187 * g - 0.0813 * b],
        Channels::Latent(_) => unreachable!("no pixels"),
    }
}

#[test]
fn codes_are_exact_integers_below_the_limit_of_single_precision() {
    for channels in ALL {
        for plane in split(channels, &pixels()) {
            for code in plane {
                assert!(code.fract() == 0.0 && code.abs() < (1 << 24) as f32, "{}: {code}", channels.name());
            }
        }
    }
}

#[test]
fn codes_times_their_unit_are_the_channels() {
    let pixels = pixels();
    for channels in ALL {
        let planes = split(channels, &pixels);
        assert_eq!(planes.len(), channels.count());
        for (i, pixel) in pixels.iter().enumerate() {
            for (c, want) in expected(channels, *pixel).into_iter().enumerate() {
                let got = f64::from(planes[c][i]) * channels.code_unit(c);
                assert!((got - want).abs() <= 1e-12, "{} {pixel:?}, channel {c}: {got} and {want}", channels.name());
            }
        }
    }
}

#[test]
fn colour_differences_agree_with_the_definition_by_luma() {
    // Cb = (B − Y)/1.772 and Cr = (R − Y)/1.402; their four digits leave 1e-4 of the range.
    let pixels = pixels();
    let planes = split(Channels::Ycbcr, &pixels);
    for (i, pixel) in pixels.iter().enumerate() {
        let [r, g, b] = pixel.map(|v| f64::from(v) / 127.5 - 1.0);
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        for (c, want) in [(1, (b - y) / 1.772), (2, (r - y) / 1.402)] {
            let got = f64::from(planes[c][i]) * Channels::Ycbcr.code_unit(c);
            assert!((got - want).abs() <= 2e-4, "{pixel:?}, channel {c}: {got} and {want}");
        }
    }
}

#[test]
fn black_and_white_are_the_ends_of_the_range_and_grey_has_no_chroma() {
    for (value, end) in [(0u8, -1.0), (255, 1.0)] {
        for channels in ALL {
            let planes = split(channels, &[[value; 3]]);
            let first = f64::from(planes[0][0]) * channels.code_unit(0);
            assert!((first - end).abs() <= 1e-15, "{} of {value}: {first}", channels.name());
        }
    }
    for value in 0..=255u8 {
        let planes = split(Channels::Ycbcr, &[[value; 3]]);
        assert_eq!((planes[1][0], planes[2][0]), (0.0, 0.0), "grey {value}");
    }
}

#[test]
fn names_and_counts_agree() {
    for channels in ALL {
        assert_eq!(channels.names().len(), channels.count());
    }
    assert_eq!(Channels::default(), Channels::Rgb);
    assert_eq!(ALL.map(Channels::name), ["rgb", "luma", "ycbcr"]);
}

#[test]
fn codes_of_latents_are_whole_steps_exact_up_to_the_limit() {
    let step = 2f64.powi(-20);
    let limit = MAX_LATENT;
    let values =
        [0.0, 1.0, -1.0, 0.3, -7.77, 1e-6, 0.5 * step as f32, 1.5 * step as f32, 15.999999, 16.000002, limit, -limit];
    let mut codes = [f32::NAN; 12];
    latent_codes(&values, &mut codes);
    let latent = Channels::Latent(4);
    for (value, code) in values.iter().zip(codes) {
        assert!(code.fract() == 0.0 && f64::from(code.abs()) <= latent.largest_code() as f64, "{value}: {code}");
        let error = (f64::from(code) * latent.code_unit(2) - f64::from(*value)).abs();
        // Singles from 16 on end above the step.
        assert!(error <= if value.abs() < 16.0 { 0.5 * step } else { 0.0 }, "{value}: {error}");
    }
    assert_eq!(codes[6..8], [0.0, 2.0], "halves to even");
}

#[test]
fn latents_are_named_by_number_and_saved_with_their_count() {
    for n in [1, 4, 16, 4096] {
        let latent = Channels::Latent(n);
        assert_eq!((latent.count(), latent.names()[0], latent.name()), (usize::from(n), "0", "latent"));
        let saved = serde_json::to_string(&latent).expect("JSON");
        assert_eq!(saved, format!("\"latent:{n}\""));
        assert_eq!(serde_json::from_str::<Channels>(&saved).expect("channels"), latent);
    }
    for bad in ["latent:0", "latent:4097", "latent:70000", "latent:-1", "latent", "cmyk"] {
        let error = serde_json::from_str::<Channels>(&format!("\"{bad}\"")).expect_err(bad).to_string();
        assert!(error.contains("is none of rgb, luma, ycbcr, latent:N"), "{error}");
    }
    assert!(Channels::NAMES.iter().all(|(channels, _)| !channels.are_latent()), "no choice for images");
}

#[test]
#[should_panic(expected = "the rows hold one image")]
fn too_few_rows_are_refused() {
    Channels::Rgb.split([[0u8; 6].as_slice()].into_iter(), 4, &mut [0.0; 12]);
}
