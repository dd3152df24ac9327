"""Graph: who may reach what, as a picture: drawn once, written as a page, JSON, DOT or Mermaid."""
