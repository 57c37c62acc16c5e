"""A kubelet that runs nothing: nodes with GPUs, and pods that behave as if they had started."""
