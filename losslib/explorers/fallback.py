"""The figure of an explorer for readers without JavaScript and for print: the same scene by matplotlib."""

import html

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle

from losslib import plots
from losslib.explorers import encoding
from losslib.explorers.elements import Element, Panel, Readout
from losslib.explorers.quantities import Slider
from losslib.locales import tr


def to_html(explorer) -> str:
    """The panels as SVG, then the sliders' values and the readouts as text.

    The sliders stand where they are, but what a button plays is shown played to its end. The figure around them
    says what is drawn, so the drawing itself is silent, and its values can be read.
    """
    indices = explorer.indices
    if explorer.play is not None:
        indices[explorer.play] = len(explorer.play) - 1
    controls = zip(explorer.scene["controls"], indices.values(), strict=True)
    values = tr("; ").join(f"{control['label']} = {control['texts'][i]}" for control, i in controls)
    drawing = _svg(explorer.panels, indices).replace("<svg ", '<svg aria-hidden="true" ', 1)
    return f"{drawing}<p>{html.escape(values)}</p>{_table(explorer.readouts, indices)}"


def _svg(panels: list[Panel], indices: dict[Slider, int]) -> str:
    with matplotlib.rc_context():
        plots.use_style()
        fig = Figure(figsize=(6.8, 3.4 if len(panels) > 1 else 4.2), layout="constrained")
        for ax, panel in zip(fig.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _draw_panel(ax, panel, indices)
        artists = {a.get_label(): a for ax in fig.axes for a in ax.get_legend_handles_labels()[0]}
        if artists:
            columns = max(1, min(len(artists), 5, 80 // (max(map(len, artists)) + 8)))  # what fits the width
            fig.legend(artists.values(), artists.keys(), loc="outside lower center", ncols=columns)
        return plots.to_svg(fig)


def _draw_panel(ax: Axes, panel: Panel, indices: dict[Slider, int]) -> None:
    for name, axis in (("x", panel.x), ("y", panel.y)):
        marks = dict(encoding.ticks(axis))
        ax.set(**{f"{name}scale": "log" if axis.log else "linear", f"{name}lim": axis.limits})
        ax.set(**{f"{name}ticks": list(marks), f"{name}ticklabels": list(marks.values())})
        getattr(ax, f"{name}axis").minorticks_off()
    if any(element.kind == "picture" for element in panel.elements):
        ax.set_box_aspect(panel.height)
    ax.set_xlabel(panel.x.label)
    ax.set_title(panel.y.label, loc="left", fontsize="medium")
    for element in panel.elements:
        _draw_element(ax, element, indices)


def _draw_element(ax: Axes, element: Element, indices: dict[Slider, int]) -> None:
    upto = getattr(element, "upto", None)
    last = None if upto is None else indices[upto] + 1
    values = [getattr(element, name).at(indices)[:last] for name in element.coordinates]
    color = "black" if element.color is None else plots.COLORS[element.color]
    look = {"color": color, "alpha": element.opacity}
    label = element.name or "_"
    match element.kind:
        case "curve" if element.fill:
            ax.fill(*values, **look, lw=0, label=label)
        case "curve":
            ax.plot(*values, **look, lw=element.width, ls=plots.DASHES[element.dash], label=label)
        case "points" | "handle":
            hollow = element.kind == "handle" or element.hollow
            size = 12 if element.kind == "handle" else 1.6 * element.size
            ax.plot(
                *values,
                "o",
                **look,
                ms=size,
                mfc="none" if hollow else color,
                mew=1.5,
                label=label,
                clip_on=element.kind == "points",
            )
        case "segments" if element.arrow:
            x0, y0, x1, y1 = values
            arrow = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.006}
            ax.quiver(x0, y0, x1 - x0, y1 - y0, **look, **arrow, label=label)
        case "segments":
            x0, y0, x1, y1 = values
            gap = np.full(len(x0), np.nan)
            x, y = np.column_stack([x0, x1, gap]).ravel(), np.column_stack([y0, y1, gap]).ravel()
            ax.plot(x, y, **look, lw=element.width, ls=plots.DASHES[element.dash], label=label)
        case "rects":
            for x0, y0, x1, y1 in zip(*values, strict=True):
                style = {"fill": element.fill, "lw": 0 if element.fill else element.width}
                ax.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, **look, **style, label=label))
        case "ellipses":
            for x0, y0, x1, y1 in zip(*values, strict=True):
                style = {"fill": element.fill, "lw": 0 if element.fill else element.width}
                middle = ((x0 + x1) / 2, (y0 + y1) / 2)
                ax.add_patch(Ellipse(middle, abs(x1 - x0), abs(y1 - y0), **look, **style, label=label))
        case "picture":
            (x0,), (y0,), (x1,), (y1,) = values
            picture = element.pictures[int(element.shown.at(indices)[0])]
            place = {"extent": (x0, x1, y0, y1), "aspect": "auto", "interpolation": "none", "zorder": 1}
            ax.imshow(np.clip(picture, 0, 1), alpha=element.opacity, **place)
        case "text":
            for x, y in zip(*values, strict=True):
                ha = {"start": "left", "middle": "center", "end": "right"}[element.anchor]
                ax.text(x, y, element.text, **look, ha=ha, va="center", clip_on=True)


def _table(readouts: list[Readout], indices: dict[Slider, int]) -> str:
    """The readouts as an HTML table, rows and columns in their order."""
    cells = {(r.row, r.column): encoding.format_number(r.value.at(indices)[0]) for r in readouts}
    columns = list(dict.fromkeys(r.column for r in readouts))
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{html.escape(row)}</th>'
        + "".join(f"<td>{cells.get((row, column), '')}</td>" for column in columns)
        + "</tr>"
        for row in dict.fromkeys(r.row for r in readouts)
    )
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
