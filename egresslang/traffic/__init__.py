"""Traffic: what a mesh was seen to do, beside what a policy says: the policy decides what is granted, not this room."""
