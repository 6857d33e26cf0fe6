"""What the comparisons with the independent computation share: one line per comparison, and reading CSV files."""
import csv

import numpy as np

failed = False


def check(name, got, want, tolerance, absolute=False):
    """Prints the largest deviation, relative unless `absolute`; what is NaN or of another shape fails."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    scale = 1 if absolute else np.abs(want)
    deviation = np.max(np.abs(got - want) / scale) if got.shape == want.shape else np.inf
    good = bool(deviation <= tolerance)
    global failed
    failed |= not good
    print(f"{'ok  ' if good else 'FAIL'} {name}: {deviation:.2e} (at most {tolerance:.0e})")


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def column(table, name):
    return [float(row[name]) for row in table]
