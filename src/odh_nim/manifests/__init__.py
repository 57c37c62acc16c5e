"""From what a person asks for to Kubernetes manifests: pure functions, one module per kind."""
