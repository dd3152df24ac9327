"""Verify: the manifests of a compilation, read back by the mesh model, must mean exactly the policy.

The model knows manifests and no policy, the intents know the policy and no manifests. For every class of pods each is
asked for the same connections, one for every way in which either tells two connections apart.
"""
