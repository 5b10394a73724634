"""Fitting estimators on counts and saving them as MLflow models: in processes of its own."""
