"""Importing: manifests that others wrote become a policy with the same flows, and a list of what it cannot say."""
