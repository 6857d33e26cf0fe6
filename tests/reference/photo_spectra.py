#!/usr/bin/env python3
"""Writes photo_spectra.json: what the photographs' spectra are by NumPy, to test the whole program against.

    python3 photo_spectra.py FOLDER_OF_PHOTOS > photo_spectra.json

Central 128-pixel crops and 64-pixel tiles, RGB and luma: the mean and deviation of the radial power, the covariance of some modes of
every channel, the covariance of the channels, and the power law by three estimators with intervals between files (power_law.py). Whole
planes, dense matrices, no half-spectra. Needs numpy, scipy and pillow.
"""
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from power_law import Sample, all_fits

N_MODES = 50


def windows(pixels, side, tiles):
    height, width = pixels.shape[:2]
    if not tiles:
        y, x = (height - side) // 2, (width - side) // 2
        return [pixels[y : y + side, x : x + side]]
    corners = [(y, x) for y in range(0, height - side + 1, side) for x in range(0, width - side + 1, side)]
    return [pixels[y : y + side, x : x + side] for y, x in corners]


def images(folder, side, tiles, luma):
    """Images x channels x side x side, values -1 to 1, and the file of each."""
    out, files = [], []
    for path in sorted(Path(folder).iterdir(), key=lambda p: p.name.encode()):
        if path.suffix in (".png", ".jpg"):
            pixels = np.asarray(Image.open(path).convert("RGB")).astype(float) / 127.5 - 1
            pixels = pixels @ np.array([[0.299], [0.587], [0.114]]) if luma else pixels
            out += windows(pixels, side, tiles)
            files += [path.name] * (len(out) - len(files))
    return np.array(out).transpose(0, 3, 1, 2), files


def frequencies(side):
    axis = np.fft.fftfreq(side)
    return axis[:, None] * side, axis[None, :] * side, np.hypot(axis[:, None], axis[None, :])


def annulus_means(power):
    """Means over round(side * f) = 0 ... side/2, of the last two axes."""
    side = power.shape[-1]
    j = np.rint(side * frequencies(side)[2]).astype(int)
    return np.stack([power[..., j == i].mean(-1) for i in range(side // 2 + 1)], -1)


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
    x, files = images(folder, side, tiles, luma)
    n = len(x)
    spectra = np.fft.fft2(x, norm="ortho")
    power = abs(spectra) ** 2
    rapsd = annulus_means(power).mean(1)
    deviations = spectra - spectra.mean(0)
    gamma = (abs(deviations) ** 2).sum(0) / (n - 1)
    pixels = x - x.mean(0)
    color = np.einsum("icyx,idyx->cd", pixels, pixels) / (n - 1) / side**2
    fits = all_fits(gamma.mean(0), Sample(rapsd, files), 0.5 / side, 0.5, 3)
    return {
        "side": side, "transform": "tile" if tiles else "crop", "channels": "luma" if luma else "rgb", "n_images": n,
        "rapsd_mean": numbers(rapsd.mean(0)), "rapsd_std": numbers(rapsd.std(0, ddof=1)),
        "modes": modes(side), "gamma": [numbers([g[ky, kx] for ky, kx in modes(side)]) for g in gamma],
        "color_covariance": numbers(color.ravel()),
        "n_files": len(set(files)), "fits": fits,
    }


def main():
    sets = [describe(sys.argv[1], side, tiles, luma) for side, tiles in ((128, False), (64, True)) for luma in (False, True)]
    json.dump(sets, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
