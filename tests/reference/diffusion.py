#!/usr/bin/env python3
"""Writes diffusion.json: noise bounds and tight schedules of the PNG photographs in fixtures/photos, in plain NumPy.

  python3 tests/reference/diffusion.py          needs numpy and pillow; run at the top of the repository

Central 128x128 crop, RGB in [-1, 1], RAPSD = annulus means of the orthonormal power, averaged over channels; kappa 0.1 and 10.
The power-focused schedule integrates the density on a fine grid here; specscan does it in closed form.
"""
import glob
import json
import os

import numpy as np
from PIL import Image

SIDE, STEPS, KAPPA_MIN, KAPPA_MAX = 128, 17, 0.1, 10.0
ROUNDING = (2 / 255) ** 2 / 12
here = os.path.dirname(os.path.abspath(__file__))


def rapsd(path):
    pixels = np.asarray(Image.open(path).convert("RGB"), float) / 127.5 - 1
    top, left = (pixels.shape[0] - SIDE) // 2, (pixels.shape[1] - SIDE) // 2
    pixels = pixels[top : top + SIDE, left : left + SIDE]
    power = (np.abs(np.fft.fft2(pixels, axes=(0, 1), norm="ortho")) ** 2).mean(2)
    k = np.fft.fftfreq(SIDE) * SIDE
    annulus = np.rint(np.hypot(k[:, None], k[None, :])).astype(int)
    return np.array([power[annulus == j].mean() for j in range(SIDE // 2 + 1)])


def schedules(r, ends):
    f = np.arange(1, SIDE // 2 + 1) / SIDE
    falling = np.maximum.accumulate(r[:0:-1])[::-1]
    ln_r = lambda q: np.interp(np.log(q), np.log(f), np.log(falling))
    t = np.linspace(0, 1, STEPS)
    grid = np.exp(np.linspace(np.log(f[0]), np.log(f[-1]), 400_001))
    density = np.exp(ln_r(grid))
    mass = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(grid))])
    ln_kappa = np.log(KAPPA_MIN) + t * np.log(KAPPA_MAX / KAPPA_MIN)
    by_frequency = -ln_kappa - ln_r(f[-1] + t * (f[0] - f[-1]))
    by_power = -ln_kappa - ln_r(np.interp((1 - t) * mass[-1], mass, grid))
    curves = {"frequency": by_frequency, "power": by_power, "mixed": (by_frequency + by_power) / 2}
    clean, noisy = ends
    return {k: clean + (v - v[0]) / (v[-1] - v[0]) * (noisy - clean) for k, v in curves.items()}


images = {}
for path in sorted(glob.glob(os.path.join(here, "../../fixtures/photos/*.png"))):
    r = rapsd(path)
    weakest = KAPPA_MIN * r[1:].min()
    sigma_min, sigma_max = max(weakest, ROUNDING) ** 0.5, (KAPPA_MAX * r[1:].max()) ** 0.5
    curves = schedules(r, (-2 * np.log(sigma_min), -2 * np.log(sigma_max)))
    images[os.path.basename(path)] = {
        "sigma_min": float(f"{sigma_min:.9g}"),
        "sigma_max": float(f"{sigma_max:.9g}"),
        "floor": bool(weakest < ROUNDING),
        "sigma": {k: [float(f"{s:.7g}") for s in np.exp(-v / 2)] for k, v in curves.items()},
    }
with open(os.path.join(here, "diffusion.json"), "w", encoding="ascii") as file:
    rows = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in images.items())
    file.write('{"side": %d, "steps": %d, "images": {\n%s\n}}\n' % (SIDE, STEPS, ",\n".join(rows)))
