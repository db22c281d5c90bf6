"""The console: where analysts work, model owners judge, and operators look."""
