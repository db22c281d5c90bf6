"""Breaking the mesh on purpose, under load: `fraud chaos …`."""
