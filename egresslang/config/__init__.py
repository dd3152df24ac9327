"""Config: what `egressc.toml`, or `[tool.egressc]` of `pyproject.toml`, says about a project."""
