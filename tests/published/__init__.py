"""Published data, and what their sources print of them."""

from pathlib import Path

FOLDER = Path(__file__).parent
