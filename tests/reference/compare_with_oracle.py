#!/usr/bin/env python3
"""Compares specscan's output with an independent NumPy computation, mode by mode.

  compare_with_oracle.py ORACLE_FOLDER SPECSCAN_BINARY IMAGE_FOLDER

ORACLE_FOLDER holds specref.py. Prints one line per comparison with the largest relative deviation; exits 1 if one is too large.
"""
import json, subprocess, sys, tempfile
from pathlib import Path

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import checks  # noqa: E402
import power_law  # noqa: E402
import specref  # noqa: E402
from checks import check, column, rows  # noqa: E402

BINARY, FOLDER = sys.argv[2], sys.argv[3]


def oracle_images(size, transform, channels):
    """The set, whose files are the oracle's unit of sampling."""
    images, specref.FILES = [], []
    for path in specref.list_images(FOLDER):
        if transform != "tile":
            images.append(specref.load(path, size, transform, channels))
            specref.FILES.append(path)
            continue
        x = specref.load(path, size, "none", channels)
        for i in range(x.shape[1] // size):
            for k in range(x.shape[2] // size):
                images.append(x[:, i * size : (i + 1) * size, k * size : (k + 1) * size])
                specref.FILES.append(path)
    return specref.Spectrum(images)


def specscan(command, out, *options):
    subprocess.run([BINARY, command, FOLDER, "-o", out, "--plots", "none", "-q", *options], check=True, stdout=subprocess.DEVNULL)


def compare(size, transform, channels, power_tolerance, gamma_tolerance, delta_tolerance, half_tolerance, *more):
    name = f"{transform} {size} {channels}"
    s = oracle_images(size, transform, channels)
    options = ["--resolution", str(size), "--channels", channels, *more]
    options += ["--transform", {"adm": "center-crop-dhariwal"}.get(transform, transform)]
    with tempfile.TemporaryDirectory() as out:
        specscan("rapsd", out, *options)
        table = rows(f"{out}/rapsd.csv")
        check(f"{name}: RAPSD of the set", column(table, "power_mean"), s.R.mean(0), power_tolerance)
        check(f"{name}: standard deviation of the RAPSD", column(table, "power_std"), s.R.std(0, ddof=1), 10 * power_tolerance)
        images = [[float(v) for k, v in row.items() if k != "path"] for row in rows(f"{out}/rapsd_images.csv")]
        # Single images have bins near the noise of single precision, so they are compared where they stand above 8-bit rounding.
        floor = (2 / 255) ** 2 / 12
        check(f"{name}: RAPSD of each image", np.maximum(images, floor), np.maximum(s.R, floor), 10 * power_tolerance)
        specscan("covariance", out, *options, "--diagonality", "0")
        check(f"{name}: Γ of each mode", np.load(f"{out}/gamma.npy"), s.G, gamma_tolerance)
        compare_fits(name, s, out, options, channels, delta_tolerance, half_tolerance)


def compare_fits(name, s, out, options, channels, delta_tolerance, half_tolerance):
    """Every number of the power law: three estimators and two halves, with their intervals between files."""
    specscan("fit-delta", out, *options)
    fits = {(r["estimator"], r["channel"]): r for r in rows(f"{out}/fit.csv")}
    channel = "mean" if channels == "rgb" else "luma"
    size, g = s.H, s.G.mean(0)
    low, radial = 0.5 / size, specref.radial_mean(g)
    middle = np.sqrt(0.5 / size)
    half = lambda low, high: specref.fit_delta(s.R, radial, size, size, low, high)
    expected = {"radial": half(low, 0.5), "modes": specref.fit_modes(g, 3, low, 0.5, s.R), "whittle": specref.fit_whittle(g, 3, low, 0.5, s.R)}
    for estimator, want in expected.items():
        fit = fits[estimator, channel]
        check(f"{name}: Δ by {estimator}", float(fit["delta"]), want["delta"], delta_tolerance)
        check(f"{name}: A by {estimator}", float(fit["amplitude"]), want["A"], 10 * delta_tolerance)
        width = lambda low, high: (float(high) - float(low)) / 2
        got = width(fit["delta_low95"], fit["delta_high95"])
        by_annuli = width(want["low95"], want["high95"])
        check(f"{name}: half-width of Δ by {estimator}", got, np.hypot(by_annuli, unseen(estimator, g, s.R)), half_tolerance)
        check(f"{name}: files of {estimator}", int(fit["n_files"]), len(set(specref.FILES)), 0)
    fit = fits["radial", channel]
    for column, want in (("delta_coarse", half(low, middle)), ("delta_fine", half(middle, 0.5))):
        check(f"{name}: {column}", float(fit[column]), want["delta"], delta_tolerance)
        ends = [float(fit[f"{column}_{end}"]) for end in ("low95", "high95")]
        check(f"{name}: half-width of {column}", (ends[1] - ends[0]) / 2, (want["high95"] - want["low95"]) / 2, half_tolerance)


def unseen(estimator, gamma, rapsd):
    """What power_law.py adds to the half-width by annuli, which is all that ORACLE_FOLDER has."""
    if estimator == "radial":
        return 0
    fit = {"modes": power_law.fit_modes, "whittle": power_law.fit_whittle}[estimator]
    whole, by_annuli = (power_law.Sample(rapsd, specref.FILES) for _ in range(2))
    by_annuli.unseen = lambda *_: 0
    wide, narrow = ((f["high95"] - f["low95"]) / 2 for f in (fit(gamma, s, 0.5 / len(gamma), 0.5, 3) for s in (whole, by_annuli)))
    return np.sqrt(max(0, wide**2 - narrow**2))


def compare_noise_levels(size, steps):
    """Bounds of the PNG photographs, and their schedules of all kinds."""
    paths = [p for p in specref.list_images(FOLDER) if p.endswith(".png")]
    spectra = {Path(p).name: specref.rapsd(specref.load(p, size, "crop", "rgb")) for p in paths}
    options = ["--resolution", str(size), "--transform", "crop"]
    with tempfile.TemporaryDirectory() as out:
        specscan("bounds", out, *options)
        table = {r["path"]: r for r in rows(f"{out}/bounds.csv")}
        wanted = {name: specref.bounds(r) for name, r in spectra.items()}
        for column in ("sigma_min", "sigma_max", "logsnr_min", "logsnr_max"):
            got = [float(table[name][column]) for name in spectra]
            check(f"crop {size}: {column} of each PNG", got, [wanted[name][column] for name in spectra], 1e-4)
        floors = [table[name]["floor"] == str(wanted[name]["floored"]).lower() for name in spectra]
        check(f"crop {size}: floor of each PNG", floors, np.ones(len(floors)), 0)
        for kind in ("frequency", "power", "mixed"):
            specscan("schedule", out, *options, "--kind", kind, "--steps", str(steps))
            archive = np.load(f"{out}/schedules.npz")
            place = {name: i for i, name in enumerate(archive["key"])}
            got = [archive["sigmas"][place[name]] for name in spectra]
            want = [specref.schedule(r, size, steps)[kind] for r in spectra.values()]
            check(f"crop {size}: {kind} schedule of each PNG", got, want, 1e-3)


def compare_distances(size, channels):
    """Closed forms of noise families on tiles: distances, 2-Wasserstein and both divergences."""
    s = oracle_images(size, "tile", channels)
    families = ["white", "cloud:1.5", "cloud-crop:1.5", "offset:0.1"]
    options = [word for family in families for word in ("--family", family)]
    floor = specref.Q8
    gamma, mean = np.maximum(s.G, floor), np.abs(s.M) ** 2
    variance = s.G.sum((1, 2)).mean() / (s.H * s.W)
    with tempfile.TemporaryDirectory() as out:
        specscan("distance", out, "--transform", "tile", "--resolution", str(size), "--channels", channels, "--samples", "2", *options)
        table = {r["family"]: r for r in rows(f"{out}/distance.csv")}
        for family in families:
            row, noise = table[family], specref.family(family, s.H, s.W, variance)[None] * np.ones_like(s.G)
            floored = np.maximum(noise, floor)
            kl = lambda a, b: 0.5 * (a / b - 1 - np.log(a / b)).sum()
            wanted = {
                "d_rms_expected": np.sqrt(((noise + mean) / gamma).sum()),
                "d_to_images_rms_expected": np.sqrt(((noise + s.G + mean) / gamma).sum()),
                "w2": np.sqrt((mean + (np.sqrt(noise) - np.sqrt(s.G)) ** 2).sum()),
                "kl_noise_data_per_dim": (kl(floored, gamma) + 0.5 * (mean / gamma).sum()) / s.m.size,
                "kl_data_noise_per_dim": (kl(gamma, floored) + 0.5 * (mean / floored).sum()) / s.m.size,
            }
            for column, want in wanted.items():
                check(f"tile {size} {channels}: {column} of {family}", float(row[column]), want, 1e-4)
        # Each image against all others: M and Γ without it, from scratch.
        n, squares = s.n, []
        for i in range(0, n, 40):
            rest = np.delete(s.X, i, 0)
            mean, power = rest.mean(0), (np.abs(rest) ** 2).mean(0)
            others = (power - np.abs(mean) ** 2) * (n - 1) / (n - 2)
            squares.append((np.abs(s.X[i] - mean) ** 2 / np.maximum(extended_radial(others), floor)).sum())
        by_path = sorted(rows(f"{out}/distance_images.csv"), key=lambda r: tile_key(r["path"]))
        got = [float(r["d"]) for r in by_path][::40]
        check(f"tile {size} {channels}: d of images from all others, metric radial", got, np.sqrt(squares), 1e-4)


def tile_key(path):
    """Files in byte order, tiles row by row."""
    name, _, place = path.partition("#")
    x, y = map(int, place.split(","))
    return name.encode(), y, x


def extended_radial(gamma):
    """Annulus means of Γ, continued to the corners, back on the plane."""
    h, w = gamma.shape[-2:]
    annulus = np.rint(max(h, w) * specref.radii(h, w)[2]).astype(int)
    counts = np.bincount(annulus.ravel())
    return np.array([(np.bincount(annulus.ravel(), g.ravel()) / counts)[annulus] for g in gamma])


def compare_brightness_blur_snr(size, channels):
    """Brightness and its offset, blur-to-noise ratio, and the step of SNR = 1, on tiles."""
    s = oracle_images(size, "tile", channels)
    name, n_pixels = f"tile {size} {channels}", s.H * s.W
    options = ["--transform", "tile", "--resolution", str(size), "--channels", channels]
    with tempfile.TemporaryDirectory() as out:
        specscan("offset", out, *options, "--family", "white")
        document = json.load(open(f"{out}/offset.json"))
        variance, covariance = s.Lavg.mean(1).var(), np.atleast_2d(np.cov(s.Lavg.T, bias=True))
        table = {(r["channel"], r["statistic"]): r for r in rows(f"{out}/brightness.csv")}
        overall = "overall" if s.C > 1 else "luma"
        check(f"{name}: variance of brightness", float(table[overall, "variance"]["value"]), variance, 1e-4)
        check(f"{name}: offset", document["matching_offset"]["overall"]["value"], np.sqrt(variance - 1 / (s.C * n_pixels)), 1e-4)
        if s.C == 1:
            check(f"{name}: offset of the reference", document["matching_offset"]["overall"]["value"], np.sqrt(max(0, variance - 1 / n_pixels)), 1e-4)
        else:
            shared = covariance[~np.eye(s.C, dtype=bool)].mean()
            check(f"{name}: shared offset", document["matching_offset"]["shared"]["value"], np.sqrt(shared), 1e-4)
        gamma, psi, phi, _ = specref.adjusted_offset(np.linspace(1e-4, 0.02, 1000))
        steps = rows(f"{out}/adjusted_offset.csv")
        for column, want in (("gamma", gamma), ("psi", psi), ("phi", phi)):
            check(f"{name}: {column} of the adjusted offset", [float(r[column]) for r in steps], want, 1e-4)
        specscan("blur-noise", out, *options)
        centred = specref.radial_mean(np.abs(s.X - s.M) ** 2).mean((0, 1))
        ratios = [float(r["ratio_retaining"]) for r in rows(f"{out}/blur_noise.csv")]
        star, every = specref.blur_ratio(centred, size)
        check(f"{name}: ratio of each band", ratios, every, 1e-4)
        check(f"{name}: blur-to-noise ratio", min(ratios), star, 1e-4)
        families = ["white", "cloud:1.5", "offset:0.1"]
        specscan("snr", out, *options, *[word for family in families for word in ("--family", family)])
        alpha_bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
        crossings = rows(f"{out}/snr_crossing.csv")
        for family in families:
            noise = specref.radial_mean(specref.family(family, s.H, s.W, s.G.sum((1, 2)).mean() / n_pixels))
            want = [np.argmin(np.abs(np.log(alpha_bar / (1 - alpha_bar) * centred[j] / noise[j]))) + 1 for j in range(1, len(centred))]
            got = [int(r["step"]) for r in crossings if r["family"] == family and r["bin"] != "0"]
            check(f"{name}: step of SNR = 1 in {family}", got, want, 1e-4)


if len(sys.argv) > 4 and sys.argv[4] == "jpeg":
    compare(256, "adm", "rgb", 1e-2, np.inf, 1e-6, 1e-3, "--allow-upscale")
    compare(64, "adm", "luma", 1e-2, np.inf, 1e-6, 1e-3)
    compare(64, "tile", "luma", 1e-2, np.inf, 1e-6, 1e-3)
else:
    for channels in ("rgb", "luma"):
        compare(128, "crop", channels, 1e-5, 1e-4, 1e-6, 1e-3)
        compare(64, "tile", channels, 1e-5, 1e-4, 1e-6, 1e-3)
    compare_noise_levels(128, 11)
    for channels in ("rgb", "luma"):
        compare_distances(64, channels)
        compare_brightness_blur_snr(64, channels)
sys.exit(checks.failed)
