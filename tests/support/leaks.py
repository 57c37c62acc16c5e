"""Finds a key in whatever it may have leaked into, in every form in which it could stand there."""

import base64
import json
from urllib.parse import quote

from odh_nim.domain.names import REGISTRY_USER


def forms(key: str) -> dict[str, str]:
    """Give the forms a key takes on its way: plain, encoded, inside a login.

    Base64 is cut to what does not depend on the characters around the key.
    """
    encoded = {
        f"base64 at offset {offset}": base64.b64encode(b"x" * offset + key.encode())[
            4 if offset else 0 : -4
        ].decode()
        for offset in range(3)
    }
    login = base64.b64encode(f"{REGISTRY_USER}:{key}".encode()).decode().rstrip("=")[:-1]
    return {
        "plain": key,
        **encoded,
        "url-encoded": quote(key, safe=""),
        "reversed": key[::-1],
        "login": login,
        "escaped": json.dumps(key)[1:-1].replace("-", "\\u002d"),
    }


def leaks(text: str, key: str) -> list[str]:
    """Name the forms in which a text holds the key; an empty list is what a test wants."""
    return [name for name, form in forms(key).items() if form in text]
