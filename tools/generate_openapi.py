"""Writes the description of the web API, from which the page's types are made."""

import json
import sys
from pathlib import Path
from typing import Final

from odh_nim.web.app import create_api

FILE: Final = Path(__file__).parents[1] / "src" / "odh_nim" / "web" / "openapi.json"


def main(arguments: list[str]) -> int:
    """Write the file, or with --check say whether it is up to date."""
    text = json.dumps(create_api().openapi(), indent=1, ensure_ascii=False) + "\n"
    if "--check" not in arguments:
        FILE.write_text(text, encoding="utf-8")
        return 0
    if FILE.is_file() and FILE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{FILE.name} is out of date: run `make generate`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
