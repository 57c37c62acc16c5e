"""`--debug`: what is sent and received, with everything secret taken out."""

import logging
import re

# The second line of defence: nothing that is logged holds a key, and if it did, it would go here.
_SECRETS = re.compile(r"nvapi-[A-Za-z0-9._~-]+|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _SECRETS.sub("****", record.getMessage())
        record.args = ()
        return True


def write_debug_log() -> None:
    """Send all log records to standard error, redacted."""
    handler = logging.StreamHandler()
    handler.addFilter(_Redaction())
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.DEBUG, handlers=[handler], force=True)
