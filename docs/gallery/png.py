"""Draws the PNG copies of some pictures of the gallery. Needs cairosvg, which `pip install
'tnc[docs]'` brings."""

from pathlib import Path

import cairosvg

HERE = Path(__file__).parent
SCALE = 1.5
COPIED = ("cp", "tt", "tr", "rcp", "resnet32")

if __name__ == "__main__":
    for name in COPIED:
        svg = (HERE / f"{name}.svg").read_bytes()
        cairosvg.svg2png(bytestring=svg, write_to=str(HERE / f"{name}.png"), scale=SCALE)
