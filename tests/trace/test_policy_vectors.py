import pytest

from shangeng_trace.errors import MalformedError
from shangeng_trace.policy import format_policy, is_quorum, parse_policy
from tests.trace.logcases import Case, cases
from tests.vectors import vectors


@pytest.mark.parametrize("case", cases(vectors("tlog/policy") / "policies.json"))
def test_policies(case: Case) -> None:
    if case["expect"] == "reject":
        with pytest.raises(MalformedError):
            parse_policy(case["policy"])
        return
    policy = parse_policy(case["policy"])
    assert parse_policy(format_policy(policy)) == policy
    for each in case["evaluate"]:
        assert is_quorum(policy, dict.fromkeys(each["cosigned_by"], 1)) == each["satisfied"]
