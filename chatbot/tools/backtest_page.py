"""A backtest's report as one file that opens from disk and on a phone: no scripts, nothing from anywhere else."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from html import escape

from chatbot.formats import gain
from chatbot.tools.backtest_pictures import Drawn, pictures
from chatbot.tools.backtest_shown import facts, judged, when
from trading.domain.statistics import Tally, share
from trading.research.report import Part, Report
from trading.research.sweep import Try

TRIES_SHOWN = 50
STYLE = """
:root { color-scheme: light; }
body { font: 17px/1.45 system-ui, sans-serif; color: #14181f; background: #fff; margin: 0 auto; padding: 16px;
  max-width: 860px; }
h1 { font-size: 1.5em; margin: 0 0 .2em; overflow-wrap: anywhere; } h2 { font-size: 1.15em; margin: 1.8em 0 .4em; }
.quiet { color: #525c6b; } .said { font-weight: 600; font-size: 1.08em; }
.assumed { border-left: 4px solid #b45309; padding-left: 12px; }
img { width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 14px 4px 0; white-space: nowrap; }
th { color: #525c6b; font-weight: 500; } th:first-child, td:first-child { text-align: left; }
tr + tr td { border-top: 1px solid #dfe3e8; }
.facts td { text-align: left; white-space: normal; vertical-align: top; }
@media (max-width: 600px) { .wide { font-size: .78em; } th, td { padding-right: 9px; } }
"""

Row = Sequence[str]


def page(told: Report, zone: tzinfo, tries: Sequence[Try] = ()) -> str:
    """The whole page as HTML."""
    about = told.about
    title = f"{about.strategy} over {about.material}"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            _line("quiet", f"{when(about.first)} to {when(about.last)} UTC, {told.markets:,} markets"),
            *(_line("assumed", text) for text in about.assumed),
            *(_line("said", text) for text in told.sentences),
            _named(facts(told)),
            *_parts(told),
            *(_picture(drawn) for drawn in pictures(told, zone)),
            *_groups("By price paid", [(band.name, band.tally) for band in told.bands]),
            *_groups("By hour", told.hours),
            *(_tries(tries) if len(tries) > 1 else ()),
            *_parameters(told),
            "</body></html>",
        ]
    )


def _line(style: str, text: str) -> str:
    return f'<p class="{style}">{escape(text)}</p>'


def _picture(drawn: Drawn) -> str:
    data = base64.b64encode(drawn.png).decode()
    shown = f'<img alt="{escape(drawn.caption)}" src="data:image/png;base64,{data}">'
    return f"<h2>{escape(drawn.title)}</h2>{shown}{_line('quiet', drawn.caption)}"


def _table(headers: Row, rows: Iterable[Row]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in headers)
    return f'<div class="wide"><table><tr>{head}</tr>{_rows(rows)}</table></div>'


def _named(rows: Iterable[Row]) -> str:
    """Names and their values, which may be long."""
    return f'<table class="facts">{_rows(rows)}</table>'


def _rows(rows: Iterable[Row]) -> str:
    return "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)


def _parts(told: Report) -> Iterator[str]:
    yield "<h2>Chosen on, and asked on</h2>"
    headers = ("", "trades", "won", "95 %", "needed", "a trade", "95 %", "profit")
    yield _table(headers, (_part(part) for part in (told.whole, *told.parts)))


def _part(part: Part) -> Row:
    tally, luck = part.tally, part.luck
    mean = f"{luck.mean:+.4f}", f"{luck.low:+.4f} to {luck.high:+.4f}"
    return part.name, f"{luck.trades:,}", *_won(tally), *mean, gain(tally.profit)


def _groups(title: str, groups: Sequence[tuple[str, Tally]]) -> Iterator[str]:
    if groups:
        yield f"<h2>{escape(title)}, in figures</h2>"
        rows = [(name, f"{tally.trades:,}", *_won(tally), gain(tally.profit)) for name, tally in groups]
        yield _table(("", "trades", "won", "95 %", "needed", "profit"), rows)


def _won(tally: Tally) -> tuple[str, str, str]:
    """Rate, interval, and what is needed."""
    low, high = tally.interval
    shown = ["-" if part is None else share(part) for part in (tally.rate, tally.needed)]
    return shown[0], f"{share(low)} to {share(high)}", shown[1]


def _tries(tries: Sequence[Try]) -> Iterator[str]:
    yield "<h2>All that was tried</h2>"
    yield from (_line("said", text) for text in judged(tries))
    headers = ("parameters", "trades", "won", "profit", "after the cut", "chance", "among all")
    yield _table(headers, (_try(each) for each in tries[:TRIES_SHOWN]))
    if len(tries) > TRIES_SHOWN:
        yield _line("quiet", f"and {len(tries) - TRIES_SHOWN} more that made less")


def _try(each: Try) -> Row:
    chances = f"{each.luck.chance:.3f}", f"{each.corrected_chance:.3f}"
    return each.name, f"{each.trades:,}", f"{each.wins:,}", gain(each.profit), gain(each.after), *chances


def _parameters(told: Report) -> Iterator[str]:
    yield "<h2>Parameters</h2>"
    yield _named(told.about.parameters)
