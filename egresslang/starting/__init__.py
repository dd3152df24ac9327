"""Starting: the first files of a project, from what its repository looks like."""
