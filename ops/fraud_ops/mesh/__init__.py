"""Running the mesh on one machine: processes, or all in one."""
