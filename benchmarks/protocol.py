"""What a protocol costs on the wire and in the client: the figures of `docs/guides/protocols.md`.

No GPU and no model: the model takes the same time behind either protocol. What differs is how an
answer is packed. Compared are the packings of the retriever family's answer, so many vectors of
so many numbers: JSON as the HTTP endpoint gives it, JSON with base64 numbers
(`encoding_format: base64`), and the raw little-endian numbers that the KServe v2 protocol carries
in `raw_output_contents`; and of audio, raw over gRPC and as base64 in JSON.

Times are of this process with the standard library's JSON; they depend on the machine, the
ratios hardly do.
"""

import base64
import json
import random
import time
from array import array
from collections.abc import Callable

SIZES = ((1, 1024), (16, 1024), (64, 4096))
ROUNDS = 20
AUDIO_SECONDS = 10
# 16 kHz, 16 bit, one channel: what speech recognition takes.
AUDIO_BYTES = AUDIO_SECONDS * 16_000 * 2


def vectors(count: int, length: int) -> list[list[float]]:
    """Make numbers as an embedding has them: 32 bit, between -1 and 1."""
    source = random.Random(0)  # noqa: S311 - test data
    return [list(array("f", (source.uniform(-1, 1) for _ in range(length)))) for _ in range(count)]


def as_json(items: list[list[float]]) -> bytes:
    data = [
        {"object": "embedding", "index": index, "embedding": item}
        for index, item in enumerate(items)
    ]
    return json.dumps({"object": "list", "data": data}).encode()


def as_base64(items: list[list[float]]) -> bytes:
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(array("f", item).tobytes()).decode(),
        }
        for index, item in enumerate(items)
    ]
    return json.dumps({"object": "list", "data": data}).encode()


def as_raw(items: list[list[float]]) -> bytes:
    """Pack numbers as `raw_output_contents` does: one tensor, no separators."""
    packed = array("f")
    for item in items:
        packed.extend(item)
    return packed.tobytes()


def from_json(body: bytes) -> int:
    return sum(len(item["embedding"]) for item in json.loads(body)["data"])


def from_base64(body: bytes) -> int:
    found = 0
    for item in json.loads(body)["data"]:
        numbers = array("f")
        numbers.frombytes(base64.b64decode(item["embedding"]))
        found += len(numbers)
    return found


def from_raw(body: bytes) -> int:
    numbers = array("f")
    numbers.frombytes(body)
    return len(numbers)


def milliseconds(act: Callable[[], object]) -> float:
    """Give the best of several runs: the others met somebody else's work."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - begin)
    return best * 1000


def main() -> None:
    packings = {
        "HTTP, JSON": (as_json, from_json),
        "HTTP, base64": (as_base64, from_base64),
        "gRPC, raw": (as_raw, from_raw),
    }
    print("Packing of an embedding answer (bytes on the wire, client's time to read it)")
    print(
        f"    {'vectors':>13}  {'packing':<14}{'bytes':>12}{'ratio':>8}{'read ms':>10}{'ratio':>8}"
    )
    for count, length in SIZES:
        items = vectors(count, length)
        raw_size = len(as_raw(items))
        raw_time = 0.0
        rows = []
        for name, (pack, read) in reversed(packings.items()):
            body = pack(items)
            assert read(body) == count * length
            took = milliseconds(lambda read=read, body=body: read(body))  # type: ignore[misc]  # bound now
            raw_time = raw_time or took
            rows.append((name, len(body), len(body) / raw_size, took, took / raw_time))
        for name, size, ratio, took, slower in reversed(rows):
            shape = f"{count} x {length}"
            print(f"    {shape:>13}  {name:<14}{size:>12,}{ratio:>8.2f}{took:>10.3f}{slower:>8.1f}")
    audio = random.Random(0).randbytes(AUDIO_BYTES)  # noqa: S311 - test data
    packed = len(json.dumps({"audio": base64.b64encode(audio).decode()}))
    print(f"Packing of {AUDIO_SECONDS} s of audio (16 kHz, 16 bit)")
    ratio = packed / len(audio)
    print(f"    gRPC, raw {len(audio):,} bytes; JSON with base64 {packed:,}: {ratio:.2f}")


if __name__ == "__main__":
    main()
