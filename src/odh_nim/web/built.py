"""Where the built page is: in a wheel always, in a checkout once `make page` has run."""

from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"


def is_built() -> bool:
    """Say whether there is a page to serve."""
    return (STATIC / "index.html").is_file()
