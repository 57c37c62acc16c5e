"""A claim whose weights are complete: what it holds, as its marks say."""

from dataclasses import dataclass

from odh_nim.domain import names
from odh_nim.domain.deployment_spec import EnvVar, ExistingClaim
from odh_nim.domain.manifest import Manifest, annotations, labels


@dataclass(frozen=True)
class Preloaded:
    """The weights of one image in a claim."""

    claim: str
    image: str
    digest: str
    profiles: tuple[str, ...] = ()
    size: int = 0
    at: str = ""
    sub_path: str = ""

    @property
    def storage(self) -> ExistingClaim:
        """The storage of a deployment that uses it."""
        return ExistingClaim(self.claim, self.sub_path or None)

    @property
    def env(self) -> tuple[EnvVar, ...]:
        """What a deployment must set: an automatic choice of the profile would ask NVIDIA.

        Images without profiles (`native-v1`) choose nothing.
        """
        if not self.profiles:
            return ()
        return (EnvVar(names.MODEL_PROFILE_ENV, self.profiles[0]),)

    def fits(self, image: str) -> bool:
        """Whether it was filled for this image: the same repository and tag, or the same digest.

        A mirror may put the repository below a prefix of its own.
        """
        name = self.image.partition("@")[0].partition("/")[2]
        wanted, _, digest = image.partition("@")
        path = wanted.partition("/")[2]
        same = path == name or path.endswith(f"/{name}") or name.endswith(f"/{path}")
        return bool(name and path) and same and digest in ("", self.digest)


def read_preloaded(claim: Manifest) -> Preloaded | None:
    """Read the marks of a claim; None where it is not marked as complete."""
    marks = annotations(claim)
    if labels(claim).get(names.PRELOADED_LABEL) != "true" or names.PRELOAD_IMAGE not in marks:
        return None
    size = marks.get(names.PRELOAD_BYTES, "")
    return Preloaded(
        claim=claim["metadata"]["name"],
        image=marks[names.PRELOAD_IMAGE],
        digest=marks.get(names.PRELOAD_DIGEST, ""),
        profiles=tuple(filter(None, marks.get(names.PRELOAD_PROFILES, "").split(","))),
        size=int(size) if size.isdecimal() else 0,
        at=marks.get(names.PRELOAD_AT, ""),
        sub_path=marks.get(names.PRELOAD_SUBPATH, ""),
    )


def preload_marks(found: Preloaded) -> Manifest:
    """Build the merge patch that marks a claim as complete."""
    return {
        "metadata": {
            "labels": {names.PRELOADED_LABEL: "true"},
            "annotations": {
                names.PRELOAD_IMAGE: found.image,
                names.PRELOAD_DIGEST: found.digest,
                names.PRELOAD_PROFILES: ",".join(found.profiles),
                names.PRELOAD_BYTES: str(found.size),
                names.PRELOAD_AT: found.at,
                names.PRELOAD_SUBPATH: found.sub_path,
                # The stock dashboard offers it for reuse, too.
                names.NIM_PVC: "true",
                names.NIM_SUBPATH: found.sub_path,
            },
        }
    }
