"""Model versions: prepared from MLflow models in short processes, read by everyone else.

``prepare``, ``saving``, and for registries and buckets ``clients``, ``registry`` and ``story`` are
the only importers of mlflow. Those and ``objects``, ``stores`` and ``mirror`` are for short
processes. All other modules here are light: the web processes import them.
"""
