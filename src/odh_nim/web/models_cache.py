"""The catalogue as bytes: the largest answer, the same for everybody, made once per writing."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from odh_nim.journeys.site import Mark, Site
from odh_nim.web.packing import pack
from odh_nim.web.views import models_out

_KEPT: Final = 4


@dataclass(frozen=True)
class Encoded:
    """An answer, ready to be sent."""

    body: bytes
    packed: bytes | None
    etag: str


class ModelsCache:
    """Encodes a catalogue once.

    Whether the caller may read it was asked when it was read, for this very request.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[Mark, Encoded] = OrderedDict()

    def encode(self, site: Site) -> Encoded:
        """Give the catalogue of an installation as bytes.

        Raises:
            CatalogError: There is none.

        """
        mark = site.mark
        if mark is not None and mark in self._known:
            return self._known[mark]
        body = models_out(site.require().catalog).model_dump_json(by_alias=True).encode()
        encoded = Encoded(body, pack(body), f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        if mark is not None:
            self._known[mark] = encoded
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return encoded
