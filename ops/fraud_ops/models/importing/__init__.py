"""Models made elsewhere, turned into plain data in a process that can do nothing else."""
