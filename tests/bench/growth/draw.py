"""Draws the curves of `make bench BENCH=growth`: `python draw.py FIGURES PICTURE`, where matplotlib is."""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt


def main(figures: Path, picture: Path) -> None:
    found = json.loads(figures.read_text(encoding="utf-8"))
    grown, past = found["services"], found["days"]
    numbers = [each["services"] for each in grown]
    curves = (
        ("Memory, MiB", numbers, [each["memory_mib"] for each in grown], "services"),
        ("Memory of a series, bytes", numbers, [each["memory_bytes_per_series"] for each in grown], "services"),
        (
            "Processor time of a sample, µs",
            numbers,
            [each["processor_microseconds_per_sample"] for each in grown],
            "services",
        ),
        (
            "Answer of a panel, s",
            [each["days"] for each in past["spans"]],
            [each["answer_seconds"] for each in past["spans"]],
            "days",
        ),
    )
    mpl.rcParams.update({"svg.hashsalt": "growth", "font.size": 9})
    drawn, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained")
    for axis, (title, across, up, unit) in zip(axes.flat, curves, strict=True):
        axis.plot(across, up, marker="o", color="#1f60c4")
        axis.set_xscale("log", base=2)
        axis.set_xticks(across, [str(each) for each in across])
        axis.set_ylim(bottom=0)
        axis.set_title(title)
        axis.set_xlabel(unit)
        axis.grid(visible=True, alpha=0.3)
    drawn.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
