"""``docpager bench policies``: refaults and cache breaks of each policy, without an archive."""

import json

from docpager.analysis.workloads import WORKLOADS
from docpager.cli.bench_policies import SHARES
from docpager.memory import REPLACEMENT_POLICIES


def test_every_policy_is_measured_on_every_workload_in_each_memory(docpager):
    ended = docpager("bench", "policies", "--json")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 0
    assert len(rows) == len(WORKLOADS) * len(SHARES) * len(REPLACEMENT_POLICIES)
    assert {(row["workload"], row["policy"]) for row in rows} == {
        (w, p) for w in WORKLOADS for p in REPLACEMENT_POLICIES
    }
    assert all(row["refaults"] >= 0 and row["cost"] > 0 for row in rows)


def test_lines_name_workloads_and_policies(docpager):
    out = docpager("bench", "policies").out
    for name in [*WORKLOADS, *REPLACEMENT_POLICIES, "refaults", "breaks"]:
        assert name in out
