"""The bundle: a folder that carries images, weights and resources over the gap."""
