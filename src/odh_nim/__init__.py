"""Serve NVIDIA NIM models on Open Data Hub, OpenShift AI or any Kubernetes with KServe."""

__version__ = "0.1.0"
