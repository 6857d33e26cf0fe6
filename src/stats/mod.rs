//! Pure statistics on spectra: power-law fits, covariances, intervals. The only layer that knows LAPACK.
