"""`--debug`: what is sent and received, with everything secret taken out."""

import logging
import re
from typing import Final

# The second line of defence: nothing that is logged holds a key or a token, and if it did, it
# would go here. A key as it is, and as base64 at each of its three offsets; tokens of OpenShift
# and of ServiceAccounts; whatever follows the name of a scheme.
_SECRETS: Final = re.compile(
    r"nvapi-[A-Za-z0-9._~-]+"
    r"|(?:bnZhcGkt|52YXBpL|udmFwaS)[A-Za-z0-9+/=_-]*"
    r"|sha256~[A-Za-z0-9_-]+"
    r"|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
    r"|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"
)
# Their records hold headers, or are noise.
_QUIET: Final = ("httpx2", "httpcore2", "hpack", "asyncio", "urllib3")


class _Redacted(logging.Formatter):
    """Writes a record and takes secrets out of all of it, tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub("****", super().format(record))


def write_debug_log() -> None:
    """Send all log records to standard error, redacted."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Redacted("%(asctime)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.DEBUG, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
