"""The real control plane: etcd, API server, controllers, scheduler and KServe as processes."""
