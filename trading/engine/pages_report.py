"""What the desk answers when a report is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from trading.domain.report import Report
from trading.engine.pages import Label


@dataclass(frozen=True, slots=True)
class ReportPage:
    label: Label
    report: Report
