"""P7: what the command line costs before it does anything, as CPU time of the whole process.

Everything is measured in turns in one run and compared with a bare interpreter of the same virtual
environment; medians, because a busy machine disturbs single runs. The modules that each command
has loaded at its end are looked at too.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from odh_nim.sandbox.testing import ControlPlane
from odh_nim.settings import Settings
from support.bytecode import with_bytecode

ROUNDS = 15
CATALOG = Path(__file__).parents[1] / "config" / "catalog" / "nvidia-nim-models-data.yaml"
BARE = ("-c", "pass")
LIST = ("-m", "odh_nim", "models", "list")
# Never for these commands; rich only where it prints.
FOREIGN = ("fastapi", "starlette", "uvicorn", "pydantic", "cryptography", "rich")
LOOK = """
import json, sys
from odh_nim.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted(set(sys.modules) & set({foreign!r}))), file=sys.stderr)
"""


def cpu_of(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run to the end; give user and system time."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    assert process.returncode == 0, told.decode()
    return usage.ru_utime + usage.ru_stime


def loaded(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Run a command, and name what it should not have loaded."""
    answer = subprocess.run(
        [sys.executable, "-c", LOOK.format(foreign=FOREIGN), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(answer.stderr.splitlines()[-1])
    return found


def main() -> None:
    settings = Settings.from_environment(os.environ)
    with (
        tempfile.TemporaryDirectory() as folder,
        ControlPlane.start(
            Path(folder) / "plane",
            cache_home=settings.cache_home,
            programs=settings.sandbox_bin,
            kserve=False,
            kubelet=False,
        ) as plane,
    ):
        compiled = Path(folder) / "compiled"
        measure(with_bytecode(os.environ | plane.environment("alice"), compiled))


def measure(environment: Mapping[str, str]) -> None:
    commands = {
        "odh-nim --version": (("-m", "odh_nim", "--version"), 5),
        "odh-nim models list, of a file": ((*LIST, "--catalog", str(CATALOG)), 15),
        "odh-nim models list, of the cluster": (LIST, 15),
    }
    for arguments, _ in commands.values():
        cpu_of(arguments, environment)
    times: dict[str, list[float]] = {name: [] for name in ("bare", *commands)}
    for _ in range(ROUNDS):
        times["bare"].append(cpu_of(BARE, environment))
        for name, (arguments, _) in commands.items():
            times[name].append(cpu_of(arguments, environment))
    bare = statistics.median(times["bare"])

    print(f"P7  start-up, CPU, median of {ROUNDS}; `python -c pass`: {bare * 1000:.0f} ms\n")
    print(f"{'command':<38}{'CPU':>8}{'ratio':>9}{'budget':>9}  verdict, modules to avoid")
    for name, (arguments, budget) in commands.items():
        middle = statistics.median(times[name])
        found = loaded(arguments[2:], environment)
        good = middle / bare <= budget and not found
        print(
            f"{name:<38}{middle * 1000:5.0f} ms{middle / bare:7.1f} x{budget:7} x"
            f"  {'within' if good else 'OVER'}, {', '.join(found) or 'none'}"
        )


if __name__ == "__main__":
    main()
