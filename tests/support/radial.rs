//! Mean and spread of RAPSDs between files, term by term: what the exact sums of a scan amount to.

use specscan::spectrum::RadialStatistics;

/// The statistics of `rows`, one RAPSD per image, where `files` holds as many images after one another as it says.
pub fn radial_statistics(rows: &[Vec<f64>], files: &[usize]) -> RadialStatistics {
    assert_eq!(files.iter().sum::<usize>(), rows.len(), "every image has a file");
    let (n, g, annuli) = (rows.len() as f64, files.len() as f64, rows[0].len());
    let mean: Vec<f64> = (0..annuli).map(|j| rows.iter().map(|row| row[j]).sum::<f64>() / n).collect();
    let variance = |j: usize| rows.iter().map(|row| (row[j] - mean[j]).powi(2)).sum::<f64>() / (n - 1.0);
    let mut covariance_of_mean = vec![0.0; annuli * annuli];
    let mut first = 0;
    for &size in files {
        let of_file = &rows[first..first + size];
        first += size;
        let residual: Vec<f64> = (0..annuli).map(|j| of_file.iter().map(|row| row[j] - mean[j]).sum::<f64>()).collect();
        for (k, value) in covariance_of_mean.iter_mut().enumerate() {
            *value += residual[k / annuli] * residual[k % annuli] * g / (g - 1.0) / (n * n);
        }
    }
    RadialStatistics {
        n_images: rows.len() as u64,
        n_files: files.len() as u64,
        variance: (0..annuli).map(variance).collect(),
        mean,
        covariance_of_mean,
        least_variance: 0.0,
    }
}
