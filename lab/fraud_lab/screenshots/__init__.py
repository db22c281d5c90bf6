"""Pictures of every page of the console, for its documentation and for whoever designs it."""
