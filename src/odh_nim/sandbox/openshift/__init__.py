"""Stand-ins for what OpenShift and Open Data Hub add to Kubernetes."""
