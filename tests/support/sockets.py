"""Where a process listens, as the kernel tells it."""

import re
import socket
from pathlib import Path

LISTEN = "0A"


def listening_addresses(pid: int) -> set[str]:
    """Give the addresses of every TCP socket on which a process takes connections."""
    links = (read_link(entry) for entry in Path(f"/proc/{pid}/fd").iterdir())
    inodes = {found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", link))}
    return {
        address(fields[1].partition(":")[0])
        for table in ("tcp", "tcp6")
        for fields in map(str.split, Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:])
        if fields[3] == LISTEN and fields[9] in inodes
    }


def read_link(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:
        return ""  # closed meanwhile


def address(digits: str) -> str:
    words = [bytes.fromhex(digits[i : i + 8])[::-1] for i in range(0, len(digits), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words))
