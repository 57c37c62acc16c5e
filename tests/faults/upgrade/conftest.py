"""A light control plane of its own: the recorded states have fixed names and cluster-wide kinds."""

from support.old_plane import old_plane, server

__all__ = ["old_plane", "server"]
