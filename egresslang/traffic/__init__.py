"""Traffic: what Prometheus says of a mesh beside what a policy says."""
