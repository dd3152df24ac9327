"""Difference: which access one side grants and another does not, told as text, JSON, Markdown or SARIF."""
