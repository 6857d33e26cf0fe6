#!/usr/bin/env python3
"""Compares specscan's output on arrays of latents with an independent NumPy computation, mode by mode.

  compare_latents.py ORACLE_FOLDER SPECSCAN_BINARY

ORACLE_FOLDER holds specref.py. Prints one line per comparison with the largest relative deviation; exits 1 if one is too large.
"""
import json, struct, subprocess, sys, tempfile
from pathlib import Path

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import checks  # noqa: E402
import specref  # noqa: E402
from checks import check, column, rows  # noqa: E402

BINARY = sys.argv[2]


def red(shape, seed):
    """Latents whose power falls with frequency; channels with means and deviations of their own, like those of autoencoders."""
    random = np.random.default_rng(seed)
    n, c, h, w = shape
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(h), np.fft.fftfreq(w), indexing="ij"))
    white = np.fft.fft2(random.standard_normal(shape), norm="ortho")
    x = np.fft.ifft2(white / (f + 0.5 / max(h, w)), norm="ortho").real * 0.2
    return x * (1 + np.arange(c))[:, None, None] + np.linspace(-3, 6, c)[:, None, None]


def bfloat16(x):
    """The bytes of x in bfloat16, cut short, and its values then."""
    bits = x.astype("<f4").view("<u4") & 0xFFFF0000
    return (bits >> 16).astype("<u2").tobytes(), bits.view("<f4")


def write(path, x, kind):
    """Writes x and returns what the file then holds, in double precision."""
    if kind == "bf16":
        data, x = bfloat16(x)
        header = json.dumps({"x": {"dtype": "BF16", "shape": x.shape, "data_offsets": [0, len(data)]}}).encode()
        Path(path).write_bytes(struct.pack("<Q", len(header)) + header + data)
    else:
        x = x.astype(kind)
        save = {"npy": np.save, "npz": lambda path, x: np.savez_compressed(path, x=x)}[path.rsplit(".")[-1]]
        save(path, x)
    return x.astype(float)


def compare(name, shape, kind, ending, seed):
    name = f"{name} {kind}"
    with tempfile.TemporaryDirectory() as out:
        path = f"{out}/set.{ending}"
        x = write(path, red(shape, seed), kind)
        specref.FILES = list(range(len(x)))
        s = specref.Spectrum(x)
        run = lambda command, *options: subprocess.run([BINARY, command, path, "-o", out, "--plots", "none", "-q", *options], check=True, stdout=subprocess.DEVNULL)
        run("scan")
        # Sums are in steps of 2^-20: means are off by less than half of one, variances by far less than what is asked.
        channels = rows(f"{out}/latents.csv")
        check(f"{name}: raw_mean", column(channels, "raw_mean"), x.mean((0, 2, 3)), 2.0**-21, absolute=True)
        check(f"{name}: raw_std", column(channels, "raw_std"), x.std((0, 2, 3)), 1e-6)
        check(f"{name}: Γ of each mode", np.load(f"{out}/gamma.npy"), s.G, 1e-5)
        run("rapsd")
        table = rows(f"{out}/rapsd.csv")
        check(f"{name}: RAPSD of the set", column(table, "power_mean"), s.R.mean(0), 1e-6)
        check(f"{name}: standard deviation of the RAPSD", column(table, "power_std"), s.R.std(0, ddof=1), 1e-5)
        images = [[float(v) for k, v in row.items() if k != "path"] for row in rows(f"{out}/rapsd_images.csv")]
        check(f"{name}: RAPSD of each latent", images, s.R, 1e-5)
        size = max(s.H, s.W)
        if s.H == s.W:
            run("fit-delta")
            fit = next(r for r in rows(f"{out}/fit.csv") if (r["estimator"], r["channel"]) == ("radial", "mean"))
            want = specref.fit_delta(s.R, specref.radial_mean(s.G.mean(0)), s.H, s.W, 0.5 / size, 0.5)
            check(f"{name}: Δ", float(fit["delta"]), want["delta"], 1e-6)
            check(f"{name}: lower end of Δ", float(fit["delta_low95"]), want["low95"], 1e-5)
        run("bounds")
        table = rows(f"{out}/bounds.csv")
        bands = s.R[:, 1:]
        check(f"{name}: sigma_min of each latent", column(table, "sigma_min"), np.sqrt(0.1 * bands.min(1)), 1e-5)
        check(f"{name}: sigma_max of each latent", column(table, "sigma_max"), np.sqrt(10 * bands.max(1)), 1e-5)
        run("offset", "--family", "white")
        document = json.load(open(f"{out}/offset.json"))
        covariance, n_pixels = np.atleast_2d(np.cov(s.Lavg.T, bias=True)), s.H * s.W
        independent = np.sqrt(max(0, np.diag(covariance).mean() - 1 / n_pixels))
        check(f"{name}: noise_offset", document["matching_offset"]["independent"]["value"], independent, 1e-6, absolute=True)
        run("distance", "--family", "white", "--samples", "2", "--metric", "modes")
        row = rows(f"{out}/distance.csv")[0]
        variance = s.G.sum((1, 2)).mean() / n_pixels
        kl = 0.5 * ((s.G / variance - 1 - np.log(s.G / variance)).sum() + (np.abs(s.M) ** 2 / variance).sum()) / s.m.size
        check(f"{name}: KL of white noise", float(row["kl_data_noise_per_dim"]), kl, 1e-5)


compare("120×4×16×16", (120, 4, 16, 16), "f4", "npy", 1)
compare("80×4×16×16", (80, 4, 16, 16), "f2", "npy", 2)
compare("70×16×8×8", (70, 16, 8, 8), "bf16", "safetensors", 3)
compare("90×3×9×7", (90, 3, 9, 7), "f4", "npz", 4)
compare("60×1×11×16", (60, 1, 11, 16), "f8", "npy", 5)
sys.exit(checks.failed)
