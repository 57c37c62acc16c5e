"""The figures of a plan, for people and for machines."""

from odh_nim.airgap.plan import Totals
from odh_nim.cli.airgap_progress import size
from odh_nim.cli.output import note


def print_totals(totals: Totals) -> None:
    """Print the figures before anything moves."""
    note(
        f"{totals.images} images, {totals.blobs} blobs to move: {size(totals.unique_bytes)} "
        f"({totals.saved_percent} % less than image by image, {size(totals.naive_bytes)})"
    )
    if totals.left_out_bytes:
        note(f"left out because it was carried before: {size(totals.left_out_bytes)}")
    if totals.weight_bytes:
        note(f"weights: {size(totals.weight_bytes)}")
    parts = f" in {totals.volumes} volumes" if totals.volumes else ""
    note(f"disk needed for a bundle: {size(totals.disk_bytes)}{parts}")


def figures(totals: Totals) -> dict[str, int]:
    """Give the figures as plain data."""
    return {
        "images": totals.images,
        "blobs": totals.blobs,
        "uniqueBytes": totals.unique_bytes,
        "naiveBytes": totals.naive_bytes,
        "savedPercent": totals.saved_percent,
        "diskBytes": totals.disk_bytes,
        "weightBytes": totals.weight_bytes,
        "volumes": totals.volumes,
        "leftOutBytes": totals.left_out_bytes,
    }
