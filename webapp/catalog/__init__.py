"""Model versions: prepared from MLflow models in short processes, read by everyone else.

``prepare`` and ``saving`` are the only importers of mlflow. All other modules here are light:
the web processes import them.
"""
