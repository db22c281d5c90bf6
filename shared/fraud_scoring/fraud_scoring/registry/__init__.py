"""Where models are published and found: folder, object store or MLflow."""
