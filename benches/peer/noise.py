#!/usr/bin/env python3
"""Cropped power-law noise with SciPy, for comparison: fields of SIDE x SIDE cut from 3 SIDE x 3 SIDE, in single precision.

  noise.py SIDE COUNT WORKERS

Prints JSON: seconds of the inverse transforms alone, and of drawing, transforming and cropping.
"""
import json, sys, time

import numpy as np
import scipy.fft

SIDE, COUNT, WORKERS = map(int, sys.argv[1:])
N = 3 * SIDE
f = np.hypot(np.fft.fftfreq(N)[:, None], np.fft.rfftfreq(N)[None, :])
amplitude = np.zeros_like(f)
amplitude[f > 0] = f[f > 0] ** -1.5
amplitude = amplitude.astype(np.float32)
centre = slice(SIDE, 2 * SIDE)


def draw(seed):
    random = np.random.default_rng(seed)
    z = np.empty(amplitude.shape, np.complex64)
    z.real = random.standard_normal(amplitude.shape, dtype=np.float32)
    z.imag = random.standard_normal(amplitude.shape, dtype=np.float32)
    z *= amplitude
    return z


def field(z):
    return scipy.fft.irfft2(z, s=(N, N), workers=WORKERS)[centre, centre]


z = draw(0)
field(z)
started = time.perf_counter()
for _ in range(COUNT):
    field(z)
transform_s = time.perf_counter() - started
started = time.perf_counter()
for i in range(COUNT):
    field(draw(i))
whole_s = time.perf_counter() - started
print(json.dumps({"transform_s": transform_s, "whole_s": whole_s, "scipy": scipy.__version__, "numpy": np.__version__}))
