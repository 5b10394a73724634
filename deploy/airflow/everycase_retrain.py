"""An Airflow DAG that has Everycase check its retraining policy every night.

It does nothing but call ``everycase retrain``, which decides for itself. Set EVERYCASE where the
command is not on the path, and the settings of the server (DATABASE_URL, MODELS_URI, …) in the
environment of Airflow's workers: see README.md beside this file.
"""

from __future__ import annotations

import os

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

BUSY, KEPT = 3, 4  # another run is at it; the champion was kept

with DAG(
    dag_id="everycase_retrain",
    description="Checks the retraining policy: decide, fit, judge, register, promote.",
    schedule=os.environ.get("EVERYCASE_SCHEDULE", "0 3 * * *"),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,  # one check sees all that has matured, whenever the last one was
    max_active_runs=1,
    tags=["everycase"],
):
    BashOperator(
        task_id="retrain",
        bash_command=f"{os.environ.get('EVERYCASE', 'everycase')} retrain --promote "
        "--actor airflow",
        append_env=True,
        do_xcom_push=True,  # the last line is what was decided, and why
        skip_on_exit_code=[BUSY, KEPT],
        retries=2,
        retry_delay=pendulum.duration(minutes=5),
        execution_timeout=pendulum.duration(hours=1),
    )
