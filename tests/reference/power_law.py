#!/usr/bin/env python3
"""Writes power_law.json: small spectra and their power-law fits by NumPy and SciPy, to test the Rust fits against.

    python3 power_law.py FOLDER_OF_PHOTOS > power_law.json

Two spectra: the 64-pixel tiles of the photographs (luma), and a synthetic one of 21x16 with random modes. Spectra are
rounded to ten digits before they are fitted, so that the file holds exactly what was fitted. Needs numpy, scipy, pillow.
Written for agreement of definitions, not of code: full plane, dense matrices, root finding on the score.
"""
import json
import os
import sys

import numpy as np
from PIL import Image
from scipy.optimize import brentq, least_squares
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

DIGITS = 10


def rounded(a):
    return np.vectorize(lambda v: float(f"{v:.{DIGITS - 1}e}"))(a)


def wave_numbers(n):
    return np.rint(np.fft.fftfreq(n) * n).astype(int)


def plane(h, w):
    ky, kx = np.meshgrid(wave_numbers(h), wave_numbers(w), indexing="ij")
    return ky, kx, np.hypot(ky / h, kx / w)


def annulus_means(power):
    h, w = power.shape
    side = max(h, w)
    j = np.rint(side * plane(h, w)[2]).astype(int)
    return np.array([power[j == i].mean() for i in range(side // 2 + 1)])


def retained(h, w, low, high, cross):
    ky, kx, f = plane(h, w)
    keep = (f > low) & (f <= high)
    if cross is not None:
        keep &= (abs(ky) > cross) & (abs(kx) > cross)
    own = (2 * ky % h == 0) & (2 * kx % w == 0)
    return keep, f, (keep.sum() + (keep & own).sum()) / 2


def regression(x, y, independent):
    """Slope, its standard error and the F-test of a square term, with as many observations as independent modes."""
    line = np.polyfit(x, y, 1)
    left = y - np.polyval(line, x)
    error = np.sqrt((left**2).sum() / (independent - 2) / ((x - x.mean()) ** 2).sum())
    square = ((y - np.polyval(np.polyfit(x, y, 2), x)) ** 2).sum()
    statistic = ((left**2).sum() - square) * (independent - 3) / square
    return line, error, float(f_distribution.sf(statistic, 1, independent - 3)), left


def describe(delta, amplitude, error, degrees, y, left, p, n):
    half = t_distribution.ppf(0.975, degrees) * error
    return {"delta": float(delta), "amplitude": float(amplitude), "low95": float(delta - half), "high95": float(delta + half),
            "r2": float(1 - (left**2).sum() / ((y - y.mean()) ** 2).sum()),
            "residual_db": float(10 / np.log(10) * np.sqrt((left**2).mean())), "curvature_p": p, "n_modes": int(n)}


def fit_modes(gamma, low, high, cross):
    keep, f, independent = retained(*gamma.shape, low, high, cross)
    x, y = np.log(f[keep]), np.log(gamma[keep])
    line, error, p, left = regression(x, y, independent)
    return describe(-line[0] / 2, np.exp(line[1] / 2), error / 2, independent - 2, y, left, p, keep.sum())


def fit_whittle(gamma, low, high, cross):
    keep, f, independent = retained(*gamma.shape, low, high, cross)
    x, g = np.log(f[keep]), gamma[keep]

    def score(delta):
        weight = g * np.exp(2 * delta * (x - x.mean()))
        return (weight * (x - x.mean())).sum() / weight.sum()

    delta = brentq(score, -2, 5, xtol=1e-15, rtol=1e-15)
    square = np.mean(g * np.exp(2 * delta * x))
    ratio = g * np.exp(2 * delta * x) / square
    _, error, p, _ = regression(x, ratio - 1, independent)
    return describe(delta, np.sqrt(square), error / 2, independent - 2, np.log(g), np.log(ratio), p, keep.sum())


def fit_radial(mean, covariance, n, h, w, low, high):
    """Generalised least squares; the plain 1.96-sigma error that takes the covariance as known is given as `error`."""
    side = max(h, w)
    j = np.arange(len(mean))
    use = (j / side > low) & (j / side <= high)
    f = plane(h, w)[2].copy()
    f[0, 0] = 1
    y = np.log(mean[use])
    v = covariance[np.ix_(use, use)] / n / np.outer(mean[use], mean[use])
    root = np.linalg.cholesky(np.linalg.inv(v)).T

    def model(b):
        return b[0] + np.log(annulus_means(f ** (-2 * b[1]))[use])

    fit = least_squares(lambda b: root @ (y - model(b)), [y.mean(), 1.0], jac="3-point", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    design = root @ np.stack([(model(fit.x + e) - model(fit.x - e)) / 2e-5 for e in 1e-5 * np.eye(2)], 1)
    error = np.sqrt(np.linalg.inv(design.T @ design)[1, 1])
    return {"delta": float(fit.x[1]), "amplitude": float(np.exp(fit.x[0] / 2)), "error": float(error),
            "t_square": float(2 * fit.cost), "n_bins": int(use.sum())}


def half(full):
    """The stored half of a plane, column by column."""
    return full[:, : full.shape[1] // 2 + 1].T.ravel().tolist()


def spectrum_of_tiles(folder, size):
    tiles = []
    for name in sorted(os.listdir(folder)):
        if name.endswith((".png", ".jpg")):
            rgb = np.asarray(Image.open(os.path.join(folder, name)).convert("RGB")).astype(float)
            luma = rgb @ [0.299, 0.587, 0.114] / 127.5 - 1
            for y in range(0, luma.shape[0] - size + 1, size):
                tiles += [luma[y : y + size, x : x + size] for x in range(0, luma.shape[1] - size + 1, size)]
    x = np.fft.fft2(np.array(tiles), norm="ortho")
    power = abs(x - x.mean(0)) ** 2
    radial = np.array([annulus_means(p) for p in power])
    return power.sum(0) / (len(x) - 1), radial, len(x)


def main():
    gamma, radial, n = spectrum_of_tiles(sys.argv[1], 64)
    keep = np.s_[:, :33]
    gamma[keep] = rounded(gamma[keep])
    for ky in range(64):
        for kx in range(33, 64):
            gamma[ky, kx] = gamma[-ky % 64, 64 - kx]
    mean, covariance = rounded(radial.mean(0)), rounded(np.cov(radial.T))
    default = (1.5 / 64, 0.5, 3)
    photos = {
        "height": 64, "width": 64, "n_images": n, "gamma": half(gamma), "rapsd_mean": mean.tolist(),
        "rapsd_covariance": [covariance[i, : i + 1].tolist() for i in range(33)],
        "modes": fit_modes(gamma, *default), "whittle": fit_whittle(gamma, *default),
        "paper_modes": fit_modes(gamma, 0, 9, 3), "paper_whittle": fit_whittle(gamma, 0, 9, 3),
        "radial": fit_radial(mean, covariance, n, 64, 64, *default[:2]),
    }
    rng = np.random.default_rng(20)
    white = rng.exponential(size=(21, 16))
    ky, kx, f = plane(21, 16)
    f[0, 0] = 1
    white = rounded((white + white[-ky, -kx]) / 2 * f**-2.2)
    whole = (0, 9, None)
    small = {"height": 21, "width": 16, "n_images": 4, "gamma": half(white),
             "modes": fit_modes(white, 0.1, 0.5, 1), "whittle": fit_whittle(white, 0.1, 0.5, 1),
             "paper_modes": fit_modes(white, *whole), "paper_whittle": fit_whittle(white, *whole)}
    json.dump({"photo_tiles": photos, "synthetic": small}, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
