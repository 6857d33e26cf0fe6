"""Pillow's answers for tests/dataset: what the trainers' preprocessing makes of the fixture photographs.

    python tests/reference/make_reference.py

reads fixtures/photos and writes, beside this script,

- `<photo>.<transform>.png`: the 64x64 working image,
- `crops.csv`: CRC-32 of the working images' bytes (interleaved RGB, row by row) at more sizes; only for PNG photographs,
  because JPEG decoders differ by a level here and there,
- `formats/<name>.<ext>` and `formats/<name>.<ext>.rgb.png`: small files of many kinds, and what `convert("RGB")` makes of
  them.

Needs numpy and Pillow; made with Pillow 13.0.0. The two functions follow the published preprocessing of ADM
(guided-diffusion, `center_crop_arr`) and of EDM (`dataset_tool.py`, `center-crop`).
"""

import csv
import pathlib
import zlib

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
PHOTOS = HERE.parents[1] / "fixtures" / "photos"
SIZES = (256, 200, 128, 96, 64, 33)


def center_crop_dhariwal(image, n):
    while min(image.size) >= 2 * n:
        image = image.resize((image.width // 2, image.height // 2), resample=Image.BOX)
    factor = n / min(image.size)
    image = image.resize((round(image.width * factor), round(image.height * factor)), resample=Image.BICUBIC)
    pixels = np.asarray(image)
    y, x = (pixels.shape[0] - n) // 2, (pixels.shape[1] - n) // 2
    return pixels[y : y + n, x : x + n]


def center_crop(image, n):
    side = min(image.size)
    x, y = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(image.crop((x, y, x + side, y + side)).resize((n, n), resample=Image.LANCZOS))


def gradient(width, height):
    """The synthetic picture of the tests."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x * 7 + y * 3, x * 2 + y * 11, x * y], axis=-1).astype(np.uint8))


TRANSFORMS = {"center-crop-dhariwal": center_crop_dhariwal, "center-crop": center_crop}


def write_formats():
    """A 24x20 corner of a photograph, in many kinds of files."""
    folder = HERE / "formats"
    folder.mkdir(exist_ok=True)
    rgb = Image.open(PHOTOS / "astronaut.png").convert("RGB").resize((48, 48), resample=Image.BOX).crop((12, 4, 36, 24))
    rgb = Image.fromarray(np.asarray(rgb))  # leaves the colour profile behind
    alpha = Image.fromarray(np.linspace(0, 255, 24 * 20).astype(np.uint8).reshape(20, 24))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    palette = rgb.quantize(32)
    grey_alpha = rgb.convert("L").convert("LA")
    grey_alpha.putalpha(alpha)
    black = Image.new("RGB", rgb.size)
    files = {
        "rgb.bmp": (rgb, {}),
        "rgb.ppm": (rgb, {}),
        "rgb.tif": (rgb, {}),
        "rgb.webp": (rgb, {"lossless": True}),
        "rgb.qoi": (rgb, {}),
        "rgba.png": (rgba, {}),
        "rgba.webp": (rgba, {"lossless": True, "exact": True}),
        "grey.png": (rgb.convert("L"), {}),
        "grey.jpg": (rgb.convert("L"), {"quality": 95}),
        "grey_alpha.png": (grey_alpha, {}),
        "bilevel.png": (rgb.convert("1"), {}),
        "palette.png": (palette, {}),
        "palette_transparent.png": (palette, {"transparency": 3}),
        "palette.bmp": (palette, {}),
        "animated.gif": (palette, {"save_all": True, "append_images": [black.quantize(2)]}),
        "colour_444.jpg": (rgb, {"quality": 95, "subsampling": 0}),
        "colour_420.jpg": (rgb, {"quality": 95, "subsampling": 2}),
        "progressive.jpg": (rgb, {"quality": 95, "progressive": True}),
        "cmyk.jpg": (rgb.convert("CMYK"), {"quality": 95}),
        "cmyk.tif": (rgb.convert("CMYK"), {}),
    }
    for name, (image, options) in files.items():
        image.save(folder / name, **options)
        Image.open(folder / name).convert("RGB").save(folder / f"{name}.rgb.png", optimize=True)


def main():
    write_formats()
    rows = []
    for path in sorted(PHOTOS.iterdir()):
        if path.suffix not in (".png", ".jpg"):
            continue
        image = Image.open(path).convert("RGB")
        for name, transform in TRANSFORMS.items():
            Image.fromarray(transform(image, 64)).save(HERE / f"{path.stem}.{name}.png", optimize=True)
            if path.suffix == ".png":
                for n in SIZES:
                    crop = np.ascontiguousarray(transform(image, n))
                    rows.append((path.name, name, n, f"{zlib.crc32(crop.tobytes()):08x}"))
    # Halving an odd side of 4k + 1 pixels ends a box cell on the centre of a pixel.
    for width, height in ((449, 301), (533, 800), (129, 257), (110, 333), (201, 987)):
        image = gradient(width, height)
        for name, transform in TRANSFORMS.items():
            for n in (100, 64, 17):
                crop = np.ascontiguousarray(transform(image, n))
                rows.append((f"gradient-{width}x{height}", name, n, f"{zlib.crc32(crop.tobytes()):08x}"))
    with open(HERE / "crops.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("photo", "transform", "side_px", "crc32"))
        writer.writerows(rows)


main()
