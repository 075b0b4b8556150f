"""The demonstration, twice."""

import pytest


@pytest.mark.slow(reason="runs the demonstration twice")
def test_the_demonstration_moves_every_score_up_and_can_be_repeated(owner, pgchurn):
    for version in (1, 2):
        shown = pgchurn("demo")
        assert shown["training"]["version"] == version
        assert len(shown["complaints"]) == 5
        for row in shown["complaints"]:
            assert row["score after"] > row["score before"] + 0.02
    assert owner.value("SELECT count(*) FROM churn.customers") == 5000
    assert pgchurn("verify") == []


def test_the_demonstration_leaves_somebodys_customers_alone(owner, pgchurn):
    owner.run("INSERT INTO churn.customers (customer_name) VALUES ('somebody')")
    assert "another database" in pgchurn("demo", status=1).err
    assert owner.value("SELECT count(*) FROM churn.customers") == 1
