"""Line charts as SVG files, drawn here: a picture of a dozen points needs no plotting library, and opens anywhere.

An SVG is text: it is the same on every machine, scales in a paper, and can be compared line by line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Point = tuple[float, float]
WIDTH, HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 170, 44, 56
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#000000")
"""Okabe and Ito's, which people who see colours differently can tell apart too."""
_DASHES = ("", "9 5", "3 5", "12 4 3 4")
"""So that a line can be seen below another that lies on it."""


def line_chart(
    title: str, x_name: str, y_name: str, lines: Mapping[str, Sequence[Point]], *, bound: str | None = None
) -> str:
    """An SVG picture of some lines by name; ``bound`` names the one drawn as a thick black line below the others."""
    points = [point for line in lines.values() for point in line] or [(0.0, 0.0)]
    x_ticks = _ticks(min(x for x, _ in points), max(x for x, _ in points))
    y_ticks = _ticks(0.0, max(y for _, y in points))
    frame = _Frame((x_ticks[0], x_ticks[-1]), (y_ticks[0], y_ticks[-1]))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15">{escape(title)}</text>',
    ]
    parts += [frame.across(tick) for tick in y_ticks] + [frame.below(tick) for tick in x_ticks]
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    parts += [
        f'<text x="{(_LEFT + WIDTH - _RIGHT) / 2:g}" y="{HEIGHT - 14}" text-anchor="middle">{escape(x_name)}</text>',
        f'<text transform="translate(16 {middle:g}) rotate(-90)" text-anchor="middle">{escape(y_name)}</text>',
    ]
    for number, (name, line) in enumerate(lines.items()):
        style = (
            'stroke="#000" stroke-width="3"'
            if name == bound
            else f'stroke="{_COLOURS[number % 7]}" stroke-width="2" stroke-dasharray="{_DASHES[number % 4]}"'
        )
        parts += [frame.line(line, style), *_key(number, name, style)]
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Frame:
    def __init__(self, x: Point, y: Point) -> None:
        self._x, self._y = x, y

    def line(self, points: Sequence[Point], style: str) -> str:
        places = " ".join(f"{self._across(x):.1f},{self._up(y):.1f}" for x, y in points)
        return f'<polyline points="{places}" fill="none" {style}/>'

    def across(self, tick: float) -> str:
        """A line across at a height, and its number."""
        y = self._up(tick)
        return (
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:,.6g}</text>'
        )

    def below(self, tick: float) -> str:
        """A number below the frame."""
        x = self._across(tick)
        return f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{tick:,.6g}</text>'

    def _across(self, x: float) -> float:
        low, high = self._x
        return _LEFT + (x - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    def _up(self, y: float) -> float:
        low, high = self._y
        return HEIGHT - _BOTTOM - (y - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)


def _key(number: int, name: str, style: str) -> list[str]:
    x, y = WIDTH - _RIGHT + 14, _TOP + 10 + 20 * number
    return [
        f'<line x1="{x}" x2="{x + 28}" y1="{y}" y2="{y}" {style}/>',
        f'<text x="{x + 34}" y="{y + 4}">{escape(name)}</text>',
    ]


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers that hold a range."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / 5
    step = 10 ** math.floor(math.log10(rough))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if factor * step >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def beside_each_other(title: str, charts: Sequence[str], columns: int) -> str:
    """One SVG picture of several, row by row."""
    rows = math.ceil(len(charts) / columns)
    size = f"{columns * WIDTH} {rows * HEIGHT}"
    placed = []
    for n, chart in enumerate(charts):
        at = f'x="{n % columns * WIDTH}" y="{n // columns * HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        placed.append(chart.replace("<svg ", f"<svg {at} ", 1))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img"><title>{escape(title)}</title>'
    return "\n".join([head, *placed, "</svg>"]) + "\n"
