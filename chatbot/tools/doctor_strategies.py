"""Whether the strategies file can be read, and what would trade by it."""

from __future__ import annotations

from chatbot.config import Settings
from chatbot.tools.findings import Finding, fail, ok
from chatbot.wiring.strategies_file import plan
from trading.domain.errors import Misconfigured
from trading.engine.assigned import Assigned


def strategies(settings: Settings) -> Finding:
    """Each strategy that decides beat by beat with its series, and the jobs that are named."""
    try:
        made = plan(settings)
    except Misconfigured as error:
        return fail("strategies", str(error), "docs/strategies.md shows what the file may say")
    deciding = [_shown(each) for each in made.assigned]
    jobs = [name for name in settings.strategies if name not in {each.name for each in made.assigned}]
    return ok("strategies", "; ".join([*deciding, *jobs]))


def _shown(each: Assigned) -> str:
    return f"{each.name} on {', '.join(each.series)}{', on paper' if each.paper else ''}"
