"""Background work: a queue library's tasks, each a short process that runs one command.

``queue`` is what web processes put jobs into; ``consumer`` runs beside the supervisor and takes them
out; ``process`` is one job's process as the consumer sees it, ``reporter`` the job as that process
sees it; ``retrain`` is the check of the policy. Only ``retrain`` is heavy, and it runs in processes
that end with their work.
"""
