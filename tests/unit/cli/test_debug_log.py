import logging
import subprocess
import sys

import pytest

from odh_nim.cli.debug_log import _Redacted

# Run apart: it changes the logging of its whole process.
PROGRAM = """
import logging
from odh_nim.cli.debug_log import write_debug_log
write_debug_log()
logging.getLogger("odh_nim.cluster.transport").debug("GET /api/v1/secrets 200 %d ms", 3)
logging.getLogger("httpcore2.http11").debug("authorization: canary")
logging.getLogger("httpx2").info("canary")
try:
    raise ValueError("Bearer canary-canary")
except ValueError:
    logging.getLogger("odh_nim").exception("nvapi-%s", "canary")
"""


def test_debug_log_goes_to_standard_error_without_secrets() -> None:
    """R-KEY-01; S7."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )

    assert run.stdout == ""
    assert "odh_nim.cluster.transport GET /api/v1/secrets 200 3 ms" in run.stderr
    assert "ValueError: ****" in run.stderr
    assert "canary" not in run.stderr


@pytest.mark.parametrize(
    "text",
    [
        "nvapi-canaryCANARY_0-9",
        # The same as base64, behind nothing, one byte and two bytes.
        "bnZhcGktY2FuYXJ5Q0FOQVJZXzAtOQ==",
        "eG52YXBpLWNhbmFyeUNBTkFSWV8wLTk=",
        "eHhudmFwaS1jYW5hcnlDQU5BUllfMC05",
        "sha256~canaryCanary0123456789",
        "eyJhbGciOi.Y2FuYXJ5.canary_signature",
        "Authorization: Bearer canary-token",
        "basic Y2FuYXJ5OmNhbmFyeQ==",
    ],
)
def test_each_form_of_a_secret_is_taken_out(text: str) -> None:
    """R-KEY-01; S7."""
    record = logging.LogRecord("x", logging.DEBUG, "", 0, "before %s, after", (text,), None)

    written = _Redacted("%(message)s").format(record)

    assert "****" in written
    assert written.startswith("before ")
    assert written.endswith(", after")
    for part in ("canary", "CANARY", "Y2FuYXJ5", "NhbmFye", "jYW5hcn"):
        assert part not in written
