"""The one widget behind every explorer: Python tabulates, scene.js beside this file looks up and draws.

Formulas stay in Python: whatever moves is a `Table` over the sliders. So an explorer works alike in a live
notebook and on a static page, and what it shows at a grid point is exactly what losslib computed there.
"""

import hashlib
import json
import pathlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

import anywidget
import ipywidgets
import traitlets

from losslib.explorers import encoding, fallback
from losslib.explorers.elements import Element, Handle, Panel, Picture, Readout
from losslib.explorers.quantities import Derived, Slider, Table
from losslib.locales import tr

HERE = pathlib.Path(__file__).parent
VIEW = "application/vnd.jupyter.widget-view+json"


def _module() -> str:
    """panel.js and scene.js as the one module that a widget consists of."""
    panel, scene = ((HERE / name).read_text("utf-8") for name in ("panel.js", "scene.js"))
    return re.sub(r"^export ", "", panel, flags=re.MULTILINE) + re.sub(
        r"^import .*\n", "", scene, flags=re.MULTILINE
    )


class Explorer(anywidget.AnyWidget):
    """Panels drawn at the sliders' positions, the sliders, and a table of readouts.

    Args:
        panels: Side by side on a wide screen, one below the other on a phone.
        controls: Every slider that a table, a handle or a growing curve of the scene depends on.
        readouts: Numbers to show; those with one `row` share a row of the table.
        play: A slider that a button moves step by step.

    In a live notebook `explorer.observe(function, "state")` follows the reader, `explorer.values` and
    `explorer.readings` tell where they are, and assigning to `explorer.state` moves the sliders.
    """

    _esm = _module()
    _css = HERE / "scene.css"

    scene = traitlets.Dict().tag(sync=True)
    state = traitlets.List(traitlets.Int(), help="index of the value of each control").tag(sync=True)

    _copies: ClassVar[Counter] = Counter()

    def __init__(
        self,
        panels: Sequence[Panel],
        controls: Sequence[Slider],
        readouts: Sequence[Readout] = (),
        *,
        play: Slider | None = None,
    ):
        self.panels, self.controls, self.readouts = list(panels), list(controls), list(readouts)
        self.play = play
        scene = self._encode()
        state = scene["initial"]
        # Ids made from the content: two builds of the site give the same bytes. Equal explorers are numbered.
        digest = hashlib.sha256(json.dumps(scene).encode()).hexdigest()
        Explorer._copies[digest] += 1
        copy = hashlib.sha256(f"{digest} {Explorer._copies[digest]}".encode()).hexdigest()
        layout = ipywidgets.Layout(model_id=copy[32:])
        super().__init__(scene=scene, state=state, model_id=copy[:32], layout=layout)

    @traitlets.validate("state")
    def _check_state(self, proposal: dict) -> list[int]:
        lengths = [len(slider) for slider in self.controls]
        state = proposal["value"]
        if len(state) != len(lengths) or not all(0 <= i < n for i, n in zip(state, lengths, strict=True)):
            raise traitlets.TraitError(
                f"Explorer.state: expected an index below each of {lengths}, got {state}"
            )
        return state

    @property
    def values(self) -> tuple:
        """The value of each control, in their order."""
        return tuple(slider.values[i] for slider, i in zip(self.controls, self.state, strict=True))

    @property
    def readings(self) -> dict[str, float]:
        """What the readouts show now, unrounded, by key."""
        return {readout.key: float(readout.value.at(self.indices)[0]) for readout in self.readouts}

    @property
    def indices(self) -> dict[Slider, int]:
        """The position of each control."""
        return dict(zip(self.controls, self.state, strict=True))

    def _encode(self) -> dict:
        elements = [element for panel in self.panels for element in panel.elements]
        self._places = [*self.controls, *_derived(elements, self.readouts)]
        return {
            "controls": [
                {"label": s.label, "texts": [_slider_text(s, value) for value in s.values]}
                for s in self.controls
            ],
            "derived": [
                {"length": len(place)} | encoding.indices(place.index, self._places)
                for place in self._places[len(self.controls) :]
            ],
            "initial": [slider.index for slider in self.controls],
            "play": None if self.play is None else self._position(self.play),
            "panels": [self._encode_panel(panel) for panel in self.panels],
            "names": {e.name: _style(e) for e in elements if e.name},
            "readouts": [
                {"key": r.key, "row": r.row, "column": r.column} | encoding.texts(r.value, self._places)
                for r in self.readouts
            ],
            "words": {
                "play": tr("play"),
                "pause": tr("pause"),
                "next step": tr("next step"),
                "reset": tr("reset"),
                "legend": tr("legend"),
                "values": tr("values"),
                "news": tr("{row}, {column}: {value}"),
                "between": tr("; "),
            },
        }

    def _encode_panel(self, panel: Panel) -> dict:
        axes = {}
        for name, axis in (("x", panel.x), ("y", panel.y)):
            marks = [(round(float(encoding.fractions(v, axis)), 4), text) for v, text in encoding.ticks(axis)]
            axes[name] = {"label": axis.label, "ticks": marks}
        elements = [self._encode_element(element, panel) for element in panel.elements]
        return axes | {"height": panel.height, "elements": elements}

    def _encode_element(self, element: Element, panel: Panel) -> dict:
        encoded = _style(element)
        for name in element.coordinates:
            axis = panel.x if name.startswith("x") else panel.y
            encoded[name] = encoding.coordinates(getattr(element, name), axis, self._places)
        if isinstance(element, Picture):
            encoded["pictures"] = encoding.pictures(element.pictures)
            encoded["shown"] = encoding.indices(element.shown, self._places)
        if isinstance(element, Handle):
            encoded["drag"] = {axis: self._position(slider) for axis, slider in element.drag.items()}
        if getattr(element, "upto", None) is not None:
            encoded["upto"] = self._position(element.upto)
        return encoded

    def _position(self, slider: Slider) -> int:
        if slider not in self.controls:
            labels = [s.label for s in self.controls]
            raise ValueError(f"Explorer: expected one of its controls {labels}, got {slider.label!r}")
        return self.controls.index(slider)

    def __repr__(self) -> str:
        pairs = zip(self.controls, self.values, strict=True)
        return f"<Explorer: {', '.join(f'{slider.label} = {value}' for slider, value in pairs)}>"

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        """The live view, and for pages without one a figure of the current state that knows the view's id."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        view = f'<script type="{VIEW}">{json.dumps(data[VIEW])}</script>'
        html = f'<figure class="explorer-fallback">{fallback.to_html(self)}{view}</figure>'
        return data | {"text/html": html}, metadata


def _derived(elements: list[Element], readouts: list[Readout]) -> list[Derived]:
    """Everything derived that some table is over, each after what it follows from."""
    found: list[Derived] = []

    def follow(table: Table) -> None:
        for place in table.over:
            if isinstance(place, Derived) and place not in found:
                follow(place.index)
                found.append(place)

    tables = [getattr(e, name) for e in elements for name in e.coordinates]
    tables += [e.shown for e in elements if isinstance(e, Picture)] + [r.value for r in readouts]
    for table in tables:
        follow(table)
    return found


def _slider_text(slider: Slider, value: float | str) -> str:
    text = encoding.format_number(value, pad=False) if slider.is_numeric else value
    return f"{text} {slider.unit}" if slider.unit else text


def _style(element: Element) -> dict:
    """What says how an element looks: plain values, all but its name."""
    other = {"name", "drag", "along", "upto", "pictures", "shown", *element.coordinates}
    return {"kind": element.kind} | {
        name: value for name, value in vars(element).items() if name not in other
    }
