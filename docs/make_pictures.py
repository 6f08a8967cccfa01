"""Write docs/pictures: a report as Chromium shows it, at three widths, light and dark, and printed: `make pictures`.

Needs Debian's packages chromium and poppler-utils, and Pillow, which the target installs.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

import smtrain

PICTURES = Path(__file__).with_name("pictures")
DATA = Path(__file__).parents[1] / "sample_data" / "penguins.csv"
# Widths of a phone, a tablet and a desk, with the height of the picture.
SIZES = {320: 900, 768: 1000, 1280: 1200}
SCHEMES = {"light": 1, "dark": 0}
# A window is never as narrow as a phone, so the page stands in a frame, and the picture is cut out.
FRAME = '<style>body{{margin:0}}iframe{{border:0}}</style><iframe src="report.html" width="{}" height="{}"></iframe>'
COLOURS = 32
DPI = 64
BROWSER = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


def browse(*options: str) -> None:
    """Run Chromium."""
    subprocess.run([*BROWSER, *options], check=True, capture_output=True, timeout=120)


def save(image: Image.Image, name: str) -> None:
    """Write a picture with few colours."""
    path = PICTURES / f"{name}.png"
    image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes\n")


def shown(folder: Path, width: int, height: int, scheme: int) -> Image.Image:
    """The upper end of the page in a window so wide."""
    (folder / "frame.html").write_text(FRAME.format(width, height))
    shot = folder / "shot.png"
    window = f"--window-size={max(width, 500)},{height + 200}"
    look = [window, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={shot}"]
    browse(*look, (folder / "frame.html").as_uri())
    return Image.open(shot).crop((0, 0, width, height))


def printed(folder: Path) -> Image.Image:
    """The first page on paper."""
    browse(f"--print-to-pdf={folder / 'report.pdf'}", "--no-pdf-header-footer", (folder / "report.html").as_uri())
    first = ["pdftoppm", "-png", "-r", str(DPI), "-f", "1", "-l", "1", "-singlefile"]
    subprocess.run([*first, folder / "report.pdf", folder / "print"], check=True)
    return Image.open(folder / "print.png")


def main() -> None:
    """Write all pictures."""
    PICTURES.mkdir(exist_ok=True)
    os.chdir(DATA.parent)  # the report says the path of its rows
    model = smtrain.fit(DATA.name, target="species", se=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        smtrain.report(model, DATA.name).save(str(folder / "report.html"))
        for width, height in SIZES.items():
            for scheme, number in SCHEMES.items():
                save(shown(folder, width, height, number), f"report-{width}-{scheme}")
        save(printed(folder), "report-print")


if __name__ == "__main__":
    main()
