"""Which models of a catalogue a person wants to see."""

from dataclasses import dataclass
from decimal import Decimal

from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol


@dataclass(frozen=True)
class ModelFilter:
    """All of these must fit; None and an empty text fit every model.

    What the catalogue does not know of a model fits no figure: `gpus` and `max_bytes` leave it out.
    """

    search: str = ""
    family: str | None = None
    publisher: str | None = None
    protocol: Protocol | None = None
    gpus: int | None = None
    max_bytes: Decimal | None = None
    eu: bool | None = None

    def keeps(self, model: Model) -> bool:
        """Say whether a model is wanted."""
        return (
            self._mentions(model)
            and self.family in (None, model.family)
            and (self.publisher or "").casefold() in (model.publisher or model.team).casefold()
            and self.protocol in (None, *model.protocols)
            and (self.gpus is None or (model.gpu is not None and self.gpus in model.gpu.counts))
            and (self.max_bytes is None or _fits(model.size_bytes, self.max_bytes))
            and self.eu in (None, model.eu_restricted)
        )

    def _mentions(self, model: Model) -> bool:
        if not self.search:
            return True
        texts = (model.repository, model.display_name, model.short_description, model.publisher)
        text = " ".join(texts).casefold()
        return all(word in text for word in self.search.casefold().split())


def _fits(size: int | None, most: Decimal) -> bool:
    return size is not None and size <= most
