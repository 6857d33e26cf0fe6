#!/usr/bin/env python3
"""The careful Python program that specscan is measured against: what a good ML engineer writes.

Pillow decodes and prepares (ADM's centre crop), scipy.fft transforms all channels of a batch at once in single precision,
powers are summed in double precision, radial means come from one precomputed bincount, and a process pool keeps all cores
busy, each worker with its own partial sums. It computes less than `specscan scan` does (no fourth moments, no
pseudo-covariance, no covariance of RAPSDs, no tables).

    peer.py FOLDER --resolution N [--out sums.npz] [--method scipy|pysteps] [--workers N]

Prints one JSON object. The clock starts when interpreter, imports and workers are up, and includes everything per image,
from opening the file to the merged sums.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time

import numpy as np
import scipy.fft
from PIL import Image

# Bytes of single-precision pixels that are transformed together: large images one by one, small ones by the hundred.
BATCH_BYTES = 1 << 20
# Portions of the list for each worker: few enough to make merging cheap, many enough to end together.
PORTIONS_PER_WORKER = 8


def center_crop_dhariwal(image, n):
    """ADM's preparation: box halvings, bicubic, central crop. None for an image that would have to be enlarged."""
    if min(image.size) < n:
        return None
    while min(image.size) >= 2 * n:
        image = image.resize(tuple(side // 2 for side in image.size), resample=Image.Resampling.BOX)
    factor = n / min(image.size)
    size = tuple(round(side * factor) for side in image.size)
    if size != image.size:
        image = image.resize(size, resample=Image.Resampling.BICUBIC)
    left, top = (size[0] - n) // 2, (size[1] - n) // 2
    return np.asarray(image)[top : top + n, left : left + n]


def list_images(folder):
    paths = [os.path.join(root, name) for root, _, names in os.walk(folder) for name in names]
    return sorted(paths, key=os.fsencode)


class Sums:
    """Sums over images of the mean image, the powers and the RAPSDs, of N x N RGB images in [-1, 1]."""

    def __init__(self, n):
        self.n_images = 0
        self.pixel = np.zeros((3, n, n))
        self.power = np.zeros((3, n, n // 2 + 1))
        self.rapsd = np.zeros((3, n // 2 + 1))

    def merge(self, other):
        self.n_images += other.n_images
        self.pixel += other.pixel
        self.power += other.power
        self.rapsd += other.rapsd

    def results(self):
        """Covariance of each stored mode, mean RAPSD (channels averaged) and number of images."""
        field = scipy.fft.rfft2(self.pixel / self.n_images, norm="ortho")
        gamma = self.power / self.n_images - np.abs(field) ** 2
        gamma *= self.n_images / (self.n_images - 1)
        return {"gamma": gamma, "rapsd": (self.rapsd / self.n_images).mean(0), "n_images": self.n_images}


class ScipyWorker:
    """Batches of images through one multi-channel rfft2, radial means by one bincount for the whole batch."""

    def __init__(self, n):
        self.n = n
        self.batch_length = max(1, BATCH_BYTES // (3 * n * n * 4))
        self.pixels = np.empty((self.batch_length, 3, n, n), np.float32)
        u, v = np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :]
        self.n_bins = n // 2 + 1
        annulus = np.rint(n * np.hypot(u, v)).astype(np.intp)
        # A stored column stands for its conjugate too, except the first and (n even) the last; corners count for nothing.
        multiplicity = np.full((n, n // 2 + 1), 2.0, np.float32)
        multiplicity[:, 0] = 1
        if n % 2 == 0:
            multiplicity[:, -1] = 1
        multiplicity[annulus >= self.n_bins] = 0
        annulus[annulus >= self.n_bins] = 0
        n_modes = np.bincount(annulus.ravel(), multiplicity.ravel(), self.n_bins)
        self.weight = (multiplicity / n_modes[annulus]).astype(np.float32)
        planes = np.arange(self.batch_length * 3)[:, None] * self.n_bins
        self.index = (planes + annulus.ravel()).ravel()

    def run(self, paths):
        sums = Sums(self.n)
        n_collected = 0
        for path in paths:
            with Image.open(path) as image:
                pixels = center_crop_dhariwal(image.convert("RGB"), self.n)
            if pixels is None:
                continue
            self.pixels[n_collected] = pixels.transpose(2, 0, 1)
            n_collected += 1
            if n_collected == self.batch_length:
                self.add_batch(sums, n_collected)
                n_collected = 0
        if n_collected:
            self.add_batch(sums, n_collected)
        return sums

    def add_batch(self, sums, n_images):
        x = self.pixels[:n_images]
        x *= np.float32(1 / 127.5)
        x -= np.float32(1)
        spectrum = scipy.fft.rfft2(x, norm="ortho")
        power = spectrum.real**2
        power += spectrum.imag**2
        sums.n_images += n_images
        sums.pixel += x.sum(0, dtype=np.float64)
        sums.power += power.sum(0, dtype=np.float64)
        power *= self.weight
        radial = np.bincount(self.index[: power.size], power.ravel(), n_images * 3 * self.n_bins)
        sums.rapsd += radial.reshape(n_images, 3, self.n_bins).sum(0)


class PystepsWorker:
    """`pysteps.utils.spectral.rapsd` on each channel; no covariance."""

    def __init__(self, n):
        from pysteps.utils.spectral import rapsd

        self.n, self.rapsd = n, rapsd

    def run(self, paths):
        sums = Sums(self.n)
        for path in paths:
            with Image.open(path) as image:
                pixels = center_crop_dhariwal(image.convert("RGB"), self.n)
            if pixels is None:
                continue
            x = pixels.astype(np.float32) * np.float32(1 / 127.5) - np.float32(1)
            sums.n_images += 1
            for channel in range(3):
                radial = self.rapsd(x[:, :, channel], fft_method=np.fft)
                sums.rapsd[channel, : len(radial)] += radial
        return sums


WORKERS = {"scipy": ScipyWorker, "pysteps": PystepsWorker}
worker = None


def start_worker(method, n, ready):
    global worker
    worker = WORKERS[method](n)
    ready.wait()


def run_portion(paths):
    return worker.run(paths)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--resolution", type=int, required=True)
    parser.add_argument("--out", help="write gamma, rapsd and n_images here (npz)")
    parser.add_argument("--method", choices=WORKERS, default="scipy")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args()


def main():
    args = parse_arguments()
    context = multiprocessing.get_context("fork")
    if args.method == "pysteps":
        sys.stdout, stdout = sys.stderr, sys.stdout  # it greets on stdout
        import pysteps.utils.spectral  # noqa: F401  once, before the workers are forked

        sys.stdout = stdout
    # Everyone is ready before the clock starts.
    ready = context.Barrier(args.workers + 1)
    with context.Pool(args.workers, start_worker, (args.method, args.resolution, ready)) as pool:
        ready.wait()
        start = time.perf_counter()
        paths = list_images(args.folder)
        n_portions = min(len(paths), args.workers * PORTIONS_PER_WORKER)
        portions = [paths[i::n_portions] for i in range(n_portions)]
        total = Sums(args.resolution)
        for sums in pool.imap_unordered(run_portion, portions):
            total.merge(sums)
        elapsed_s = time.perf_counter() - start
    if args.out:
        np.savez(args.out, **total.results())
    report = {
        "method": args.method,
        "n_images": total.n_images,
        "elapsed_s": elapsed_s,
        "images_per_s": total.n_images / elapsed_s,
        "workers": args.workers,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pillow": Image.__version__,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
