"""Answers of NVIDIA's API with any text in any field, drawn by hypothesis."""

import asyncio
from typing import Any

import msgspec
from hypothesis import strategies as st

from odh_nim.catalog.generate import Fetched, fetch_models
from odh_nim.ngc import Architecture, Listing, Metadata, ModelDetails, NimFacts, Profile, Resource

# Lone surrogates cannot stand in UTF-8: msgspec refuses them before they come here.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
nasty = st.sampled_from(
    ["yes", "1e3", "0o17", "~", "null", "2026-01-09", "12:30", "a: b", "- a", "# c", "'", '"', "|",
     "\u0085", "\u2028", "\u202e", "\ufeff", "\x00", "\x7f", "\r\n", "\t", " ", "😀", "a\n\n b"]
)  # fmt: skip
any_text = texts | nasty
# Ids and tags that can be used, so that every model reaches the file.
tags = st.lists(
    st.sampled_from(["1.0.0", "1.1.0-pb.2", "latest", "24.08", "1", "v2_x", "1e3", "0o17"]),
    min_size=1,
    max_size=5,
).map(tuple)
name = st.from_regex(r"[a-z0-9]{1,3}(-[a-z0-9]{1,3})?", fullmatch=True)
resource_id = st.builds("nim/{}/{}".format, st.sampled_from(["meta", "a"]), name)

resources = st.builds(
    Resource,
    resource_id=resource_id,
    name=any_text,
    display_name=any_text,
    description=any_text,
    latest_tag=any_text.filter(bool),
    size_bytes=st.none() | st.integers(-1, 2**62),
    updated_date=any_text,
)


@st.composite
def details(draw: st.DrawFn) -> ModelDetails:
    found = draw(tags)
    rest = draw(described)
    return msgspec.structs.replace(rest, tags=found, latest_tag=draw(st.sampled_from(found)))


described = st.builds(
    ModelDetails,
    name=any_text,
    namespace=any_text,
    display_name=st.none() | any_text,
    short_description=st.none() | any_text,
    updated_date=st.none() | any_text,
    publisher=st.none() | any_text,
    latest_image_size=st.none() | st.integers(-1, 2**62),
    latest_architecture_variants=st.none()
    | st.lists(st.builds(Architecture, any_text), max_size=2).map(tuple),
    is_multinode_enabled=st.none() | st.booleans(),
    nim=st.none() | st.builds(NimFacts, any_text),
)
metadata = st.none() | st.builds(
    Metadata,
    st.lists(
        st.builds(
            Profile,
            gpu=st.none() | any_text | st.lists(any_text, max_size=2).map(tuple),
            min_vram_per_device_gb=st.none() | st.floats(-1, 1e6),
            tensor_parallel_size=st.none() | st.integers(-1, 4000),
            pipeline_parallel_size=st.none() | st.integers(-1, 4000),
        ),
        max_size=3,
    ).map(tuple),
)
answers = st.lists(st.tuples(resources, details(), metadata), min_size=1, max_size=4)


class Source:
    """Gives what was drawn; ids are unique, as the list's reader makes them."""

    def __init__(self, drawn: list[Any]) -> None:
        self.drawn = {resource.resource_id: (resource, *rest) for resource, *rest in drawn}

    async def listing(self) -> Listing:
        return Listing(tuple(each[0] for each in self.drawn.values()), ())

    async def details(self, org: str, team: str, name: str) -> ModelDetails:
        found: ModelDetails = self.drawn[f"{org}/{team}/{name}"][1]
        return found

    async def metadata(self, repository: str, tag: str) -> Metadata | None:
        found: Metadata | None = self.drawn[repository][2]
        return found


def fetch(drawn: list[Any]) -> Fetched:
    return asyncio.run(fetch_models(Source(drawn), allow_missing=len(drawn)))
