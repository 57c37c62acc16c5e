"""A real control plane on this machine, with stand-ins for GPUs, containers and NVIDIA."""
