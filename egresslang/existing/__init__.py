"""Existing: what manifests that others wrote tell."""
