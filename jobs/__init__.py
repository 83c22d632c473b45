"""Long work outside the doors: each job is a container of its own, and a process on a laptop."""
