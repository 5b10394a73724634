"""What cfn-lint can't see in the SAM template: may the address be asked, is a record lost."""

from __future__ import annotations

from typing import Any

import yaml

from webapp.settings import ROOT


class Template(yaml.SafeLoader):
    """Reads a template of CloudFormation: ``!Ref X`` as the word X, other functions as nothing."""


def _word(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


Template.add_multi_constructor("!", _word)
TEMPLATE = yaml.load((ROOT / "deploy/aws/template.yaml").read_text("utf-8"), Template)
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def test_a_public_address_has_both_permissions() -> None:
    """SAM adds none where AuthType is a parameter: everybody was answered 403."""
    permissions = [r for r in RESOURCES.values() if r["Type"] == "AWS::Lambda::Permission"]
    assert all(r["Condition"] == "IsPublic" for r in permissions)
    everybody = {"FunctionName": "Predict", "Principal": "*"}
    url, call = {"Action": "lambda:InvokeFunctionUrl"}, {"Action": "lambda:InvokeFunction"}
    assert [r["Properties"] for r in permissions] == [
        everybody | url | {"FunctionUrlAuthType": "NONE"},
        everybody | call | {"InvokedViaFunctionUrl": True},
    ]


def test_a_record_is_given_up_before_the_stream_drops_it() -> None:
    source = RESOURCES["Record"]["Properties"]["Events"]["Rows"]["Properties"]
    assert source["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert source["MaximumRetryAttempts"] == -1
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["DestinationConfig"]["OnFailure"]["Destination"] == "Expired.Arn"


def test_roles_name_what_they_may_use() -> None:
    roles = [r["Properties"] for r in RESOURCES.values() if r["Type"] == "AWS::IAM::Role"]
    statements = [s for r in roles for p in r["Policies"] for s in p["PolicyDocument"]["Statement"]]
    assert len(statements) == 4
    for statement in statements:
        assert statement["Resource"] in (
            "PredictLog.Arn",
            "RecordLog.Arn",
            "StreamArn",
            "Expired.Arn",
        )
        assert "*" not in str(statement["Action"])
