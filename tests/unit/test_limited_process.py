"""What a child said last, as the end of a sentence."""

from __future__ import annotations

import pytest

from webapp.confinement.endings import reason_of

TRACEBACK = """Traceback (most recent call last):
  File "model.py", line 3, in predict
    raise MlflowException(
mlflow.exceptions.MlflowException: The model can't be loaded. Use another one.
"""


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        (
            TRACEBACK,
            "mlflow.exceptions.MlflowException: The model can't be loaded. Use another one.",
        ),
        (
            TRACEBACK + "\nDuring handling of it\n\n" + TRACEBACK.replace("Mlflow", "Other"),
            "mlflow.exceptions.OtherException: The model can't be loaded. Use another one.",
        ),
        (f"{TRACEBACK}  with more:\n    code(of, a, library)\n", TRACEBACK.splitlines()[-1]),
        ('  File "x.py", line 3\n    raise KeyError(\nKeyError: 3\n    at the end', "KeyError: 3"),
        ("had enough\n", "had enough"),
        ("had enough\n    of(this)\n", "had enough"),
        ("", "status 3"),
        (f"{'many words ' * 50}\n", f"{('many words ' * 18).strip()} …"),
    ],
)
def test_the_reason_is_what_went_wrong(errors: str, reason: str) -> None:
    assert reason_of(3, 500, errors.encode()) == f"ended with: {reason}"
