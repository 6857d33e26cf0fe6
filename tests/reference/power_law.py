#!/usr/bin/env python3
"""Writes power_law.json: small spectra and their power-law fits by NumPy and SciPy, to test the Rust fits against.

    python3 power_law.py FOLDER_OF_PHOTOS > power_law.json

Two sets: the 64-pixel tiles of the photographs (luma, many tiles a file), and synthetic spectra of 21x16 with one image a file. Numbers are
rounded to ten digits before they are fitted, so that the file holds exactly what was fitted. Needs numpy, scipy, pillow. Written for agreement
of definitions, not of code: full planes, dense matrices, general minimisers and root finders, derivatives by differences.
"""
import json
import os
import sys

import numpy as np
from PIL import Image
from scipy.optimize import brentq, least_squares
from scipy.stats import norm
from scipy.stats import t as t_distribution

DIGITS = 10


def rounded(a):
    return np.vectorize(lambda v: float(f"{v:.{DIGITS - 1}e}"))(a)


def wave_numbers(n):
    return np.rint(np.fft.fftfreq(n) * n).astype(int)


def plane(h, w):
    ky, kx = np.meshgrid(wave_numbers(h), wave_numbers(w), indexing="ij")
    return ky, kx, np.hypot(ky / h, kx / w)


def annulus_indices(h, w):
    return np.rint(max(h, w) * plane(h, w)[2]).astype(int)


def annulus_means(power):
    j = annulus_indices(*power.shape)
    return np.array([power[j == i].mean() for i in range(max(power.shape) // 2 + 1)])


def annulus_sums(values):
    """Sums over annuli; the last one has the corners beyond it as well."""
    j = np.minimum(annulus_indices(*values.shape), max(values.shape) // 2)
    return np.array([values[j == i].sum() for i in range(max(values.shape) // 2 + 1)])


class Sample:
    """The mean of RAPSDs and its covariance, where the files and not the images are independent."""

    def __init__(self, rapsd, files):
        rapsd, files = np.asarray(rapsd), np.asarray(files)
        names = np.unique(files)
        self.n_images, self.n_files = len(files), len(names)
        self.mean = rapsd.mean(0)
        residuals = np.array([(rapsd[files == name] - self.mean).sum(0) for name in names])
        self.covariance = np.cov(residuals.T) * self.n_files / self.n_images**2
        self.variance = rapsd.var(0, ddof=1)

    def interval(self, delta, gradient, unseen=0):
        error = np.sqrt(gradient @ self.covariance @ gradient)
        half = np.sqrt((t_distribution.ppf(0.975, self.n_files - 1) * error) ** 2 + (norm.ppf(0.975) * np.sqrt(unseen)) ** 2)
        return {"delta": float(delta), "low95": float(delta - half), "high95": float(delta + half)}


    def unseen(self, share, by_mode):
        """Chance in an estimate that changes by Σ share·δΓ/Γ over the full plane, beyond what annulus means have of it."""
        size = np.array([(annulus_indices(*share.shape) == j).sum() for j in range(len(self.mean))])
        uneven = np.maximum((1 + self.variance / self.mean**2) / (1 + 2 / size), 1)
        at = np.minimum(annulus_indices(*share.shape), len(size) - 1)
        return 2 * max(0, by_mode * (uneven[at] * share**2).sum() - (uneven * annulus_sums(share) ** 2 / size).sum() / self.n_images)


def retained(h, w, low, high, cross):
    ky, kx, f = plane(h, w)
    keep = (f > low) & (f <= high)
    if cross is not None:
        keep &= (abs(ky) > cross) & (abs(kx) > cross)
    return keep, f


def quality(y, left, weight):
    mean = np.average(y, weights=weight)
    return {"r2": float(1 - (weight * left**2).sum() / (weight * (y - mean) ** 2).sum()),
            "residual_db": float(10 / np.log(10) * np.sqrt(np.average(left**2, weights=weight)))}


def fit_modes(gamma, sample, low, high, cross):
    keep, f = retained(*gamma.shape, low, high, cross)
    design = np.stack([np.ones(keep.sum()), -2 * np.log(f[keep])], 1)
    y, inverse = np.log(gamma[keep]), np.linalg.pinv(design)
    level, delta = inverse @ y
    share = np.zeros(gamma.shape)
    share[keep] = inverse[1]
    gradient = annulus_sums(share) / annulus_means(gamma)
    n = sample.n_images - 1
    unseen = sample.unseen(share, 1 / n + 1 / (2 * n**2) + 1 / (6 * n**3) - 1 / (30 * n**5))
    return {**sample.interval(delta, gradient, unseen), "amplitude": float(np.exp(level / 2)), "n_modes": int(keep.sum()),
            **quality(y, y - design @ [level, delta], np.ones(len(y)))}


def fit_whittle(gamma, sample, low, high, cross):
    keep, f = retained(*gamma.shape, low, high, cross)
    x = -2 * np.log(f[keep])
    square = lambda d: np.mean(gamma[keep] * np.exp(-d * x))
    score = lambda d: np.mean(gamma[keep] * np.exp(-d * x) / square(d) * x) - x.mean()
    delta = brentq(score, -5, 5, xtol=1e-15, rtol=1e-15)
    law = square(delta) * np.exp(delta * x)
    share = np.zeros(gamma.shape)
    corner = (annulus_indices(*gamma.shape) > max(gamma.shape) // 2)[keep]
    share[keep] = (x - x.mean()) / ((x - x.mean()) ** 2).sum() / np.where(corner, annulus_means(gamma)[-1], law)
    y = np.log(gamma[keep])
    at = np.minimum(annulus_indices(*gamma.shape), len(sample.mean) - 1)
    unseen = sample.unseen(share * annulus_means(gamma)[at], 1 / (sample.n_images - 1))
    return {**sample.interval(delta, annulus_sums(share), unseen), "amplitude": float(np.sqrt(square(delta))), "n_modes": int(keep.sum()),
            **quality(y, y - np.log(law), np.ones(len(y)))}


def radial_solution(radial, h, w, low, high):
    """Δ, A, gradient by annulus, log powers, residuals, weights; every unit of ln f has the same vote."""
    j = np.arange(len(radial))
    use = (j / max(h, w) > low) & (j / max(h, w) <= high)
    f = plane(h, w)[2].copy()
    f[0, 0] = 1
    y, weight = np.log(radial[use]), 1 / j[use]
    law = lambda d: np.log(annulus_means(f ** (-2 * d))[use])
    root = np.sqrt(weight)
    fit = least_squares(lambda b: root * (y - b[0] - law(b[1])), [y.mean(), 1.0], jac="3-point", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    level, delta = fit.x
    step = 1e-5
    design = root[:, None] * np.stack([np.ones(len(y)), (law(delta + step) - law(delta - step)) / (2 * step)], 1)
    gradient = np.zeros(len(radial))
    gradient[use] = np.linalg.pinv(design)[1] * root / radial[use]
    return delta, np.exp(level / 2), gradient, y, y - level - law(delta), weight


def fit_radial(radial, sample, h, w, low, high):
    """The Δ of a set with its two halves."""
    delta, amplitude, gradient, y, left, weight = radial_solution(radial, h, w, low, high)
    middle = np.sqrt(max(low, 1 / max(h, w)) * min(high, 0.5))
    coarse = radial_solution(radial, h, w, low, middle)
    fine = radial_solution(radial, h, w, middle, high)
    rise = fine[0] - coarse[0], fine[2] - coarse[2]
    error = np.sqrt(rise[1] @ sample.covariance @ rise[1])
    return {**sample.interval(delta, gradient), "amplitude": float(amplitude), **quality(y, left, weight),
            "coarse": sample.interval(coarse[0], coarse[2]), "fine": sample.interval(fine[0], fine[2]), "rise": sample.interval(*rise),
            "curvature_p": float(2 * t_distribution.sf(abs(rise[0]) / error, sample.n_files - 1))}


def all_fits(gamma, sample, low, high, cross):
    h, w = gamma.shape
    return {"radial": fit_radial(annulus_means(gamma), sample, h, w, low, high), "modes": fit_modes(gamma, sample, low, high, cross),
            "whittle": fit_whittle(gamma, sample, low, high, cross)}


def half(full):
    """The stored half of a plane, column by column."""
    return full[:, : full.shape[1] // 2 + 1].T.ravel().tolist()


def tiles_of(folder, size):
    tiles, files = [], []
    for name in sorted(os.listdir(folder)):
        if name.endswith((".png", ".jpg")):
            rgb = np.asarray(Image.open(os.path.join(folder, name)).convert("RGB")).astype(float)
            luma = rgb @ [0.299, 0.587, 0.114] / 127.5 - 1
            for y in range(0, luma.shape[0] - size + 1, size):
                tiles += [luma[y : y + size, x : x + size] for x in range(0, luma.shape[1] - size + 1, size)]
            files += [name] * (len(tiles) - len(files))
    return np.array(tiles), files


def described(gamma, rapsd, files, low, high, cross):
    """A set as the Rust test reads it; the fits are of the rounded numbers."""
    h, w = gamma.shape
    sample = Sample(rapsd, files)
    sample.mean, sample.covariance, sample.variance = rounded(sample.mean), rounded(sample.covariance), rounded(sample.variance)
    paper = {f"paper_{k}": v for k, v in all_fits(gamma, sample, 0, 9, cross).items() if k != "radial"}
    return {"height": h, "width": w, "n_images": sample.n_images, "n_files": sample.n_files, "gamma": half(gamma),
            "rapsd_mean": sample.mean.tolist(), "rapsd_variance": sample.variance.tolist(),
            "covariance_of_mean": [row[: i + 1].tolist() for i, row in enumerate(sample.covariance)],
            **all_fits(gamma, sample, low, high, cross), **paper}


def whole(gamma):
    """A plane whose modes equal their conjugates, rounded."""
    ky, kx, _ = plane(*gamma.shape)
    return rounded((gamma + gamma[-ky, -kx]) / 2)


def main():
    tiles, files = tiles_of(sys.argv[1], 64)
    x = np.fft.fft2(tiles, norm="ortho")
    gamma = whole((abs(x - x.mean(0)) ** 2).sum(0) / (len(x) - 1))
    photos = described(gamma, [annulus_means(p) for p in abs(x) ** 2], files, 0.5 / 64, 0.5, 3)
    rng = np.random.default_rng(20)
    f = plane(21, 16)[2].copy()
    f[0, 0] = 1
    powers = np.array([whole(rng.exponential(size=(21, 16)) * f**-2.2) for _ in range(7)])
    synthetic = described(whole(powers.mean(0)), [annulus_means(p) for p in powers], range(7), 0.1, 0.5, 1)
    json.dump({"photo_tiles": photos, "synthetic": synthetic}, sys.stdout, separators=(",", ":"), ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
