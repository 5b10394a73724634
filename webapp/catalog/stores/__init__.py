"""Where model versions are kept: a folder, a bucket, an MLflow registry, and its local mirror."""
