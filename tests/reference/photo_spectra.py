#!/usr/bin/env python3
"""Writes photo_spectra.json: what the photographs' spectra are by NumPy, to test the whole program against.

    python3 photo_spectra.py FOLDER_OF_PHOTOS > photo_spectra.json

Central 128-pixel crops and 64-pixel tiles, RGB and luma: the mean and deviation of the radial power, the covariance of some modes of
every channel, the covariance of the channels, and the power law by three estimators. Whole planes, dense matrices, no half-spectra.
Needs numpy and pillow.
"""
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

N_MODES = 50


def windows(pixels, side, tiles):
    height, width = pixels.shape[:2]
    if not tiles:
        y, x = (height - side) // 2, (width - side) // 2
        return [pixels[y : y + side, x : x + side]]
    corners = [(y, x) for y in range(0, height - side + 1, side) for x in range(0, width - side + 1, side)]
    return [pixels[y : y + side, x : x + side] for y, x in corners]


def images(folder, side, tiles, luma):
    """Images x channels x side x side, values -1 to 1."""
    out = []
    for path in sorted(Path(folder).iterdir(), key=lambda p: p.name.encode()):
        if path.suffix in (".png", ".jpg"):
            pixels = np.asarray(Image.open(path).convert("RGB")).astype(float) / 127.5 - 1
            pixels = pixels @ np.array([[0.299], [0.587], [0.114]]) if luma else pixels
            out += windows(pixels, side, tiles)
    return np.array(out).transpose(0, 3, 1, 2)


def frequencies(side):
    axis = np.fft.fftfreq(side)
    return axis[:, None] * side, axis[None, :] * side, np.hypot(axis[:, None], axis[None, :])


def annulus_means(power):
    """Means over round(side * f) = 0 ... side/2, of the last two axes."""
    side = power.shape[-1]
    j = np.rint(side * frequencies(side)[2]).astype(int)
    return np.stack([power[..., j == i].mean(-1) for i in range(side // 2 + 1)], -1)


def retained(side):
    ky, kx, f = frequencies(side)
    keep = (f > 1.5 / side) & (f <= 0.5) & (abs(ky) > 3) & (abs(kx) > 3)
    return keep, f


def fit_modes(gamma):
    keep, f = retained(gamma.shape[0])
    slope, level = np.polyfit(np.log(f[keep]), np.log(gamma[keep]), 1)
    return -slope / 2, np.exp(level / 2)


def fit_whittle(gamma):
    """The likelihood's score has one zero; the amplitude follows from the exponent."""
    keep, f = retained(gamma.shape[0])
    x = np.log(f[keep])
    low, high = -5.0, 5.0
    for _ in range(200):
        delta = (low + high) / 2
        weight = gamma[keep] * np.exp(2 * delta * (x - x.mean()))
        low, high = (delta, high) if (weight * (x - x.mean())).sum() < 0 else (low, delta)
    return delta, np.sqrt(np.mean(gamma[keep] * np.exp(2 * delta * x)))


def shrunk(v, images):
    """Correlations drawn towards none by the oracle-approximating intensity of Chen, Wiesel, Eldar and Hero (2010, eq. 23)."""
    scale = np.sqrt(np.diag(v))
    r = v / np.outer(scale, scale)
    p, square = len(v), (r**2).sum()
    intensity = min(1.0, ((1 - 2 / p) * square + p**2) / ((images - 2 / p) * (square - p)))
    return (intensity * np.eye(p) + (1 - intensity) * r) * np.outer(scale, scale)


def fit_radial(centred):
    """Generalised least squares of ln mean RAPSD (images x bins) on the annulus means of the law."""
    n, bins = centred.shape
    side = 2 * (bins - 1)
    use = np.arange(bins) / side > 1.5 / side
    mean = centred.mean(0)[use]
    v = np.cov(centred[:, use].T) / n / np.outer(mean, mean)
    p = len(mean)
    shared = n * (v.sum() - np.trace(v)) / (p * (p - 1))
    effective = n / (1 + max(shared, 0))
    weight = np.linalg.inv(v if effective >= 4 * p else shrunk(v, effective))
    f = frequencies(side)[2].copy()
    f[0, 0] = 1
    level, delta = 0.0, 1.0
    for _ in range(100):
        law = annulus_means(f ** (-2 * delta))[use]
        slope = annulus_means(-2 * np.log(f) * f ** (-2 * delta))[use] / law
        design = np.stack([np.ones(p), slope], 1)
        step = np.linalg.solve(design.T @ weight @ design, design.T @ weight @ (np.log(mean) - level - np.log(law)))
        level, delta = level + step[0], delta + step[1]
    return delta, np.exp(level / 2)


def modes(side):
    """The self-conjugate modes, their neighbours, and a fixed choice of others: rows and columns of the whole plane."""
    half = side // 2
    chosen = [(0, 0), (0, half), (half, 0), (half, half), (0, 1), (1, 0), (side - 1, 1), (1, side - 1)]
    state = 1
    while len(chosen) < N_MODES:
        state = state * 69069 % 2**32
        mode = (state >> 10) % side, (state >> 20) % side
        chosen += [mode] if mode not in chosen else []
    return [list(mode) for mode in chosen]


def numbers(a):
    return json.loads(json.dumps(np.vectorize(lambda v: float(f"{v:.11e}"))(a).tolist()))


def describe(folder, side, tiles, luma):
    x = images(folder, side, tiles, luma)
    n = len(x)
    spectra = np.fft.fft2(x, norm="ortho")
    power = abs(spectra) ** 2
    rapsd = annulus_means(power).mean(1)
    deviations = spectra - spectra.mean(0)
    gamma = (abs(deviations) ** 2).sum(0) / (n - 1)
    centred = annulus_means(abs(deviations) ** 2).mean(1)
    pixels = x - x.mean(0)
    color = np.einsum("icyx,idyx->cd", pixels, pixels) / (n - 1) / side**2
    fits = {"modes": fit_modes(gamma.mean(0)), "radial": fit_radial(centred), "whittle": fit_whittle(gamma.mean(0))}
    return {
        "side": side, "transform": "tile" if tiles else "crop", "channels": "luma" if luma else "rgb", "n_images": n,
        "rapsd_mean": numbers(rapsd.mean(0)), "rapsd_std": numbers(rapsd.std(0, ddof=1)),
        "modes": modes(side), "gamma": [numbers([g[ky, kx] for ky, kx in modes(side)]) for g in gamma],
        "color_covariance": numbers(color.ravel()),
        "fits": {name: dict(zip(("delta", "amplitude"), numbers(fit))) for name, fit in fits.items()},
    }


def main():
    sets = [describe(sys.argv[1], side, tiles, luma) for side, tiles in ((128, False), (64, True)) for luma in (False, True)]
    json.dump(sets, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
