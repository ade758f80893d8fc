"""Names that AWS would refuse are refused when planned, with what to write in their place."""

import pytest

from tests.direct import Direct


@pytest.mark.parametrize("alias", ["ab", "Acme", "-acme", "acme-", "a--b", "a.b", "a" * 64, "123456789012"])
def test_an_alias_that_aws_does_not_take_is_refused(alias: str) -> None:
    """Case, hyphens, lengths, and the form of an account id."""
    problems = Direct().plan({"iam_account_alias": {"alias": alias}}).problems
    assert {(problem.severity, problem.rule) for problem in problems} == {("error", "quota")}


@pytest.mark.parametrize("alias", ["abc", "12345", "a-1", "a" * 63])
def test_an_alias_that_aws_takes_is_planned(alias: str) -> None:
    """Digits alone are an alias, unless they look like an account's id."""
    assert Direct().plan({"iam_account_alias": {"alias": alias}}).problems == ()


SERVICES = {
    "nonsense": "such as config.amazonaws.com",
    "Config.amazonaws.com": "did you mean config.amazonaws.com?",
    "gaurdduty.amazonaws.com": "did you mean guardduty.amazonaws.com?",
    "config.amazonaws.com/two": "write config.amazonaws.com",
}  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_without_a_service_linked_role_is_refused(name: str) -> None:
    """What is no principal, is misspelled, or has a suffix where the service takes none."""
    (problem,) = Direct().plan({"iam_service_linked_role": {"name": name}}).problems
    assert (problem.severity, problem.rule, problem.hint) == ("error", "quota", SERVICES[name])


@pytest.mark.parametrize(
    "name", ["autoscaling.amazonaws.com/blue", "guardduty.amazonaws.com", "brand-new.amazonaws.com"]
)
def test_a_service_that_aws_may_know_is_planned(name: str) -> None:
    """One that is newer than the list is told as such, and left to AWS."""
    made = Direct().plan({"iam_service_linked_role": {"name": name}})
    assert made.problems == ()
    assert bool(made.changes[0].notes) == (name == "brand-new.amazonaws.com")
