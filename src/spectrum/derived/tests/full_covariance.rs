//! Tests of the full covariance of reduced images.

use super::*;

fn naive_average(size: Size, reduced: Size, plane: &[f64]) -> Vec<f64> {
    let fine = |y: usize, x: usize| plane[y / reduced.height * size.width + x / reduced.width];
    let pieces = size.n_pixels() as f64;
    let average = |i: usize| {
        let (y0, x0) = (i / reduced.width * size.height, i % reduced.width * size.width);
        let rows = y0..y0 + size.height;
        rows.map(|y| (x0..x0 + size.width).map(|x| fine(y, x)).sum::<f64>()).sum::<f64>() / pieces
    };
    (0..reduced.n_pixels()).map(average).collect()
}

#[test]
fn the_full_covariance_is_that_of_the_reduced_images_numbers() {
    on_every_set(&[2, 17], |label, config, spectrum, naive| {
        let reduced = spectrum.real_form_covariance().expect("enough images").expect("summed up");
        let (d, covariance, kurtosis) = (reduced.mean.len(), reduced.covariance, reduced.kurtosis);
        let reduced = match (naive.size.height, naive.size.width) {
            (9, 7) => Size::new(6, 5),
            _ => Size::square(6),
        };
        assert_eq!((d, covariance.len()), (reduced.n_pixels(), reduced.n_pixels().pow(2)), "{label}");
        let form = RealForm::new(&Grid::new(reduced));
        let numbers = |i: usize| {
            let channels = naive.planes[i].len() as f64;
            let mean: Vec<f64> = (0..naive.size.n_pixels())
                .map(|p| naive.planes[i].iter().map(|plane| plane[p]).sum::<f64>() / channels)
                .collect();
            let mut out = vec![0.0; d];
            let spectrum = naive_dft(reduced, &naive_average(naive.size, reduced, &mean));
            form.apply(&half_of(reduced, &spectrum), &mut out);
            out
        };
        let each: Vec<Vec<f64>> = (0..naive.n()).map(numbers).collect();
        let n = naive.n() as f64;
        let none = config.standardize == Standardize::None;
        let mean: Vec<f64> = (0..d).map(|a| if none { 0.0 } else { naive.mean(|i| each[i][a]) }).collect();
        for a in 0..d {
            for b in 0..d {
                let product = naive.mean(|i| (each[i][a] - mean[a]) * (each[i][b] - mean[b]));
                let want = product * if none { 1.0 } else { n / (n - 1.0) };
                assert_close(&format!("{label}, {a} and {b}"), covariance[a * d + b], want, 1e-5 * naive.scale() * n);
            }
        }
        // Rows weighed by f^1.3, whose variances come out about alike for photographs.
        let lowest = 0.5 / reduced.longer_side() as f64;
        let weights: Vec<f64> = Grid::new(reduced).frequencies().iter().map(|f| f.max(lowest).powf(1.3)).collect();
        let weights = form.variances(&weights);
        let row = |i: usize| (0..d).map(|a| weights[a] * (each[i][a] - mean[a])).collect::<Vec<f64>>();
        let rows: Vec<Vec<f64>> = (0..naive.n()).map(row).collect();
        let product = |a: usize, b: usize| naive.mean(|i| rows[i][a] * rows[i][b]);
        let trace: f64 = (0..d).map(|a| product(a, a)).sum();
        let squares: f64 = (0..d * d).map(|i| product(i / d, i % d).powi(2)).sum();
        let fourth = naive.mean(|i| rows[i].iter().map(|v| v * v).sum::<f64>().powi(2));
        let want = fourth / (trace * trace + 2.0 * squares);
        assert_close(&format!("{label}, kurtosis"), kurtosis, want, 1e-3 * want);
    });
}

#[test]
fn the_trace_of_an_unreduced_full_covariance_is_the_sum_of_gamma() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        let config =
            AnalysisConfig { channels: Channels::Luma, diagonality_side: Some(32), ..AnalysisConfig::new(size) };
        let spectrum = analyze(&config, &random_images(size, 12, 4));
        let reduced = spectrum.real_form_covariance().expect("enough images").expect("summed up");
        let (d, covariance) = (reduced.mean.len(), reduced.covariance);
        assert_eq!(d, size.n_pixels());
        let trace: f64 = covariance.iter().step_by(d + 1).sum();
        let gamma = spectrum.mode_covariance().expect("enough images");
        let total: f64 = spectrum.grid().to_full_plane(&gamma.channels[0]).iter().sum();
        assert_close(&size.to_string(), trace, total, 1e-5 * total);
    }
}
