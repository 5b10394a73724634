"""Background jobs: the tasks of a queue library, each a short process that runs one command.

``enqueue`` puts jobs into the ``queue``; ``consumer``, which runs beside the supervisor, takes them
out. ``process`` is a job's process as the consumer sees it, ``reporter`` the job as seen from that
process. ``retrain`` is the check of the policy: ``matured_stream`` reads the new outcomes,
``decide`` asks the policy, ``execute`` carries the decision out with the models of ``fit``, and
``resume`` finishes what an interrupted run left. All of it is heavy, so it runs in processes that
end with their work.
"""
