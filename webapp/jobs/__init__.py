"""Background work: a queue library's tasks, each a short process that runs one command.

``enqueue`` puts jobs into the ``queue``, ``consumer``, beside the supervisor, takes them out.
``process`` is one job's process as the consumer sees it, ``reporter`` the job as that process sees
it. ``retrain`` is the check of the policy: ``stream`` reads what has matured, ``decide`` asks the
policy, ``carry_out`` does what it says with what ``fitted`` makes. It is heavy, and runs in
processes that end with their work.
"""
