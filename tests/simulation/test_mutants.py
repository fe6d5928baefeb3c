"""What the simulation is worth: every deliberate bug is caught, and by the bug, since the same seed is clean without.

`FIRST` names a seed that is known to catch each; from there on the search goes on, should a change of the simulation
have moved it.
"""

from __future__ import annotations

import pytest

from chatbot.tools.simulation.run import simulate
from tests.simulation.mutants import MUTANTS

SEEDS_MAX = 500
FIRST = {
    "kill_without_sweep": 170,
    "no_check_after_place": 59,
    "latch_only_on_disk": 1,
    "latch_not_stored": 3,
    "sweep_takes_foreign_orders": 31,
    "cancel_not_counted": 7,
    "sent_before_stored": 0,
    "journal_not_synced": 0,
    "notices_in_a_commit_of_their_own": 24,
    "settlement_booked_twice": 0,
    "fee_left_out": 0,
    "fee_booked_twice": 0,
    "unknown_not_counted": 10,
    "second_id_on_retry": 10,
    "absence_believed_at_once": 10,
    "unknown_forgotten": 52,
    "failed_delivery_counts": 0,
    "repeats_unmarked": 3,
    "strangers_let_in": 4,
    "paper_sent_for_real": 1,
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_deliberate_bug_is_caught(name: str, record_property: pytest.FixtureRequest) -> None:
    first = FIRST.get(name, 0)
    for seed in range(first, first + SEEDS_MAX):
        with MUTANTS[name]():
            found = simulate(seed)
        if found.violations:
            break
    assert found.violations, f"{name} was not caught"
    assert not simulate(seed).violations, f"seed {seed} is broken without {name}"
    record_property(f"mutant {name}", f"seed {seed}: {found.violations[0].invariant}")  # type: ignore[operator]
