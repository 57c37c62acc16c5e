"""Weights into claims, before a model is served: by download, or out of a bundle."""
