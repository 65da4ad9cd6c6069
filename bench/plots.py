"""Draws the results as SVG pictures, for light pages and dark ones."""

import io
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from cycler import cycler

from bench import growth, readers
from bench.throughput import OURS, Result

mpl.use("svg")
from matplotlib import pyplot as plt

INK = "#010203"
"""Stands for the colour of text and lines, which follows the reader's preference."""

STYLE = (
    "<style>:root{--ink:#24292f}@media (prefers-color-scheme: dark){:root{--ink:#d6dde5}}</style>"
)
# These colours differ on light and dark pages, and for people who do not see all colours.
COLOURS = ("#1f8fd6", "#e08a00", "#2aa876", "#c85a9e", "#8a7fd0", "#b0502a", "#7d8590", "#c9b400")

SETTINGS: Any = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "legend.frameon": False,
    "savefig.transparent": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "plates",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def draw_all(
    directory: Path,
    throughput: Sequence[Result],
    grown: Sequence[growth.Result],
    blocked: Sequence[readers.Result],
) -> list[str]:
    """Write the pictures for which there are figures. Returns their file names."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn = []
    with mpl.rc_context(SETTINGS):
        if throughput:
            _save(_throughput(throughput), directory / "throughput.svg")
            _save(_latency(throughput), directory / "latency.svg")
            drawn += ["throughput.svg", "latency.svg"]
        if grown:
            _save(_growth(grown), directory / "growth.svg")
            drawn.append("growth.svg")
        if blocked:
            _save(_readers(blocked), directory / "readers.svg")
            drawn.append("readers.svg")
    return drawn


def _save(figure: Any, path: Path) -> None:
    sink = io.StringIO()
    figure.savefig(sink, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    svg = sink.getvalue().replace(INK, "var(--ink)")
    head, end, rest = svg.partition("<defs>")
    path.write_text(head + STYLE + end + rest, encoding="utf-8")


def _throughput(results: Sequence[Result]) -> Any:
    figure, axes = plt.subplots(figsize=(9, 1 + 0.9 * len(results)))
    names = list(dict.fromkeys(name for result in results for name in result.rounds))
    height = 0.8 / len(names)
    for place, name in enumerate(names):
        ours = [(y, r.rounds[name]) for y, r in enumerate(results) if name in r.rounds]
        axes.barh(
            [y + place * height - 0.4 for y, _ in ours],
            [median(m.per_second for m in rounds) for _, rounds in ours],
            height,
            label=name,
        )
    axes.set_xscale("log")
    axes.set_xlabel("per second (logarithmic)")
    axes.set_yticks(range(len(results)), [f"{r.title}\n({r.unit})" for r in results])
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.06), ncols=4)
    return figure


def _latency(results: Sequence[Result]) -> Any:
    figure, axes = plt.subplots(figsize=(9, 1 + 0.5 * len(results)))
    for offset, percentile in enumerate(("p50_ms", "p95_ms", "p99_ms")):
        axes.barh(
            [y + offset * 0.27 - 0.27 for y in range(len(results))],
            [median(getattr(m, percentile) for m in r.rounds[OURS]) for r in results],
            0.27,
            label=percentile.removesuffix("_ms"),
        )
    axes.set_xlabel(f"milliseconds, {OURS}")
    axes.set_yticks(range(len(results)), [r.title for r in results])
    axes.invert_yaxis()
    axes.legend()
    return figure


def _growth(results: Sequence[growth.Result]) -> Any:
    figure, panes = plt.subplots(1, 3, figsize=(10, 3.2), sharex=True)
    costs = ("add_ms", "range_ms", "group_ms")
    titles = ("add", "range of 1 000", "group read and ack of 100")
    for pane, cost, title in zip(panes, costs, titles, strict=True):
        for name in dict.fromkeys(result.target for result in results):
            ours = [result for result in results if result.target == name]
            pane.plot(
                [r.length for r in ours], [getattr(r, cost) for r in ours], marker="o", label=name
            )
        pane.set(xscale="log", ylim=(0, None), title=title, xlabel="entries in the stream")
    panes[0].set_ylabel("milliseconds")
    panes[0].legend()
    return figure


def _readers(results: Sequence[readers.Result]) -> Any:
    figure, axes = plt.subplots(figsize=(8, 4))
    for name in dict.fromkeys(result.target for result in results):
        for is_one, line in ((True, "-"), (False, "--")):
            ours = [r for r in results if r.target == name and (r.streams == 1) == is_one]
            where = "one stream" if is_one else "a stream each"
            axes.plot(
                [r.readers for r in ours],
                [r.last_answer_ms for r in ours],
                line,
                marker="o",
                label=f"{name}, {where}",
            )
    axes.set(xscale="log", yscale="log", xlabel="blocked readers")
    axes.set_ylabel("milliseconds from the add's answer to the last reader's")
    axes.legend()
    return figure
