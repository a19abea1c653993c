#!/usr/bin/env python3
"""Writes docs/elements.md from the elements themselves, by introspection.

    tests/docs/generate_elements.py > docs/elements.md       with the plugin in GST_PLUGIN_PATH
    tests/docs/generate_elements.py --check docs/elements.md  fails where the page is out of date

The page says only what does not depend on GStreamer's version or the machine.
"""
import argparse
import difflib
import re
import sys

try:
    import gi

    gi.require_version("Gst", "1.0")
    from gi.repository import GObject, Gst
except (ImportError, ValueError) as error:
    print(f"skipped: {error} (install python3-gi and gir1.2-gstreamer-1.0)")
    sys.exit(77)

ELEMENTS = ["openairealtimesink", "openairealtimesrc", "openairealtimebin"]

# A group begins with this property, in the order in which the elements install them.
GROUPS = {
    "session": "Session",
    "base-url": "Service",
    "api-key": "Credentials",
    "instructions": "Model settings",
    "stun-server": "Network",
    "auto-reconnect": "Recovery",
    "bitrate": "Audio in",
    "jitter-latency": "Audio out",
    "caption-mode": "Captions",
    "connection-state": "State, read-only",
}

# What introspection does not know: names of arguments, and a word on each signal.
SIGNALS = {
    "request-token": (
        [],
        "Return a short-lived key (`ek_…`) for the next call, or nothing. The first handler that "
        "returns one wins. Emitted on a worker thread: the handler may take its time",
    ),
    "request-ice-servers": (
        [],
        "Return `iceServers` as JSON, with `ttl` in seconds: TURN servers with time-limited "
        "credentials. Asked when a call is made and before they expire, on a worker thread",
    ),
    "event": (
        ["type", "json"],
        "Every event of the service, as it came. Emitted on the session's thread",
    ),
    "function-call": (
        ["name", "call_id", "arguments"],
        "The model calls a function; `arguments` is JSON. Answer with `submit-tool-output`, at "
        "once or later. Emitted on the session's thread",
    ),
    "webrtcbin-ready": (
        ["webrtcbin"],
        "A call's webrtcbin was made and is not yet negotiating",
    ),
}
ACTIONS = {
    "send-event": (["json"], "Sends a client event as it is, after a check of its form"),
    "send-text": (["text"], "Adds a text of the user to the conversation and asks for a response"),
    "send-snapshot": (
        ["text"],
        "Sends the newest frame at `video_sink`; with a text, which may be NULL, also that, and "
        "asks for a response",
    ),
    "create-response": ([], "Asks the model to respond now"),
    "interrupt": ([], "Stops the model: what it was saying is dropped, here and at the service"),
    "commit-audio": ([], "Ends the user's turn, with `turn-detection=none`"),
    "clear-audio": ([], "Forgets what was said since the last turn"),
    "submit-tool-output": (
        ["call_id", "output"],
        "Answers a function call; when all calls of the response are answered, the model goes on",
    ),
    "split-session": (
        [],
        "The next visitor: the model forgets what was said, its record is closed, the call goes on",
    ),
    "forget-session": ([], "The same, and nothing of the session is left in its store"),
    "grant-consent": ([], "From now on what is said may be stored, with `consent-required`"),
    "withdraw-consent": ([], "What was stored is erased, and nothing more is stored"),
    "restart-ice": (
        [],
        "Asks the server for new ICE credentials and a fresh path, where it offers that; the call "
        "goes on",
    ),
    "reconnect": ([], "Replaces the call by a new one now; also starts again after an error"),
}

INT_MAX = 2147483647


def number(value):
    return "max" if value == INT_MAX else f"{value:g}" if isinstance(value, float) else str(value)


def enum_of(spec):
    """The class of an enumeration. PyGObject from 3.50 on makes it only once a value is made."""
    GObject.Value(spec.value_type)
    return spec.value_type.pytype


def enum_nicks(spec):
    values = enum_of(spec).__enum_values__
    return [values[key].value_nick for key in sorted(values)]


def type_of(spec):
    name = spec.value_type.name
    if GObject.type_is_a(spec.value_type, GObject.TYPE_ENUM):
        return ", ".join(enum_nicks(spec))
    if name in ("gint", "gdouble"):
        kind = "integer" if name == "gint" else "number"
        return f"{kind}, {number(spec.minimum)} to {number(spec.maximum)}"
    return {"gchararray": "string", "gboolean": "boolean", "GstStructure": "structure"}[name]


def default_of(spec):
    if not int(spec.flags) & int(GObject.ParamFlags.WRITABLE):
        return ""
    if GObject.type_is_a(spec.value_type, GObject.TYPE_ENUM):
        return f"`{enum_of(spec)(spec.default_value).value_nick}`"
    value = spec.default_value
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if isinstance(value, str) else f"`{number(value)}`"


def flags_of(spec):
    flags = int(spec.flags)
    readable = flags & int(GObject.ParamFlags.READABLE)
    writable = flags & int(GObject.ParamFlags.WRITABLE)
    if not writable:
        return "read"
    access = "read, write" if readable else "write only"
    return access if flags & int(Gst.PARAM_MUTABLE_PLAYING) else access + "; before READY"


def own_properties(element):
    return [spec for spec in element.list_properties() if spec.owner_type == element.__gtype__]


def cell(text):
    return text.replace("|", "\\|")


def properties(elements):
    carriers = {}
    for element in elements:
        for spec in own_properties(element):
            carriers.setdefault(spec.name, []).append(element)
    kinds = ["sink", "src", "bin"]
    lines = []
    # The bin has them all.
    for spec in own_properties(elements[2]):
        if spec.name in GROUPS:
            lines += ["", f"### {GROUPS[spec.name]}", ""]
            lines += ["| property | type | default | access | on | |", "|---|---|---|---|---|---|"]
        on = [kind for kind, element in zip(kinds, elements) if element in carriers[spec.name]]
        row = [
            f"`{spec.name}`",
            type_of(spec),
            default_of(spec),
            flags_of(spec),
            "all" if on == kinds else ", ".join(on),
            spec.blurb,
        ]
        lines.append("| " + " | ".join(cell(text) for text in row) + " |")
    return lines


C_TYPES = {"void": "", "gchararray": "string", "gboolean": "boolean", "GstElement": "element"}


def signature(query, names):
    kinds = [C_TYPES[kind.name] for kind in query.param_types]
    if len(kinds) != len(names):
        raise SystemExit(f"{query.signal_name}: tell generate_elements.py its arguments")
    arguments = ", ".join(f"{name}: {kind}" for name, kind in zip(names, kinds))
    result = C_TYPES[query.return_type.name]
    return f"`{query.signal_name}({arguments})`" + (f" → {result}" if result else "")


def signals(elements, actions):
    known = ACTIONS if actions else SIGNALS
    told = {}
    for element in elements:
        for signal in GObject.signal_list_ids(element.__gtype__):
            query = GObject.signal_query(signal)
            if bool(query.signal_flags & GObject.SignalFlags.ACTION) == actions:
                told.setdefault(query.signal_name, []).append(query)
    if set(told) != set(known) or any(len(each) != len(elements) for each in told.values()):
        raise SystemExit(f"generate_elements.py does not know {set(told) ^ set(known) or told}")
    lines = ["| action | |" if actions else "| signal | |", "|---|---|"]
    for name, (names, words) in known.items():
        lines.append(f"| {signature(told[name][0], names)} | {words} |")
    return lines


def caps_lines(caps):
    """One line a structure; long lists and full ranges, which differ by version, are "any"."""
    lines = []
    for structure in caps.to_string().split("; "):
        name, _, fields = structure.partition(", ")
        parts = []
        for key, value in re.findall(r"([\w-]+)=\(\w+\)({[^}]*}|\[[^\]]*\]|[^,;]+)", fields):
            value = value.strip()
            if value.count(",") > 4 or re.match(r"\[ 1, \d{10} \]", value):
                value = "any"
            value = re.sub(r"^0x0+(?=\w)", "0x", value)
            parts.append(f"{key} {value.strip('{}[] ')}" if value[0] != "[" else
                         f"{key} {' to '.join(value.strip('[] ').split(', '))}")
        lines.append(f"  - `{name}`: " + "; ".join(parts))
    return lines


def element_section(name, element):
    factory = element.get_factory()
    lines = [f"## {name}", "", factory.get_metadata("description") + ".", ""]
    lines += [f"Class `{factory.get_metadata('klass')}`. Pads:", ""]
    for template in element.get_pad_template_list():
        kind = "sink" if template.direction == Gst.PadDirection.SINK else "source"
        when = {0: "always", 1: "sometimes", 2: "on request"}[int(template.presence)]
        lines.append(f"- `{template.name_template}` ({kind}, {when})")
        lines += caps_lines(template.caps)
    return lines + [""]


def page():
    Gst.init(None)
    elements = [Gst.ElementFactory.make(name) for name in ELEMENTS]
    if None in elements:
        raise SystemExit("the plugin is not in GST_PLUGIN_PATH")
    lines = [
        "# The elements",
        "",
        "<!-- Made by tests/docs/generate_elements.py; do not edit. -->",
        "",
        "How they are used is shown in [using.md](using.md).",
        "",
    ]
    for name, element in zip(ELEMENTS, elements):
        lines += element_section(name, element)
    lines += [
        "## Properties",
        "",
        "One table serves the three elements. An element brings only what was set on it: elements "
        "of one session",
        "are merged, and it is enough to set a property on one of them. Two that say different "
        "things are an error on",
        "the way to READY.",
    ]
    lines += properties(elements)
    lines += ["", "## Signals", "", "The same on the three elements.", ""]
    lines += signals(elements, actions=False)
    lines += [
        "",
        "## Actions",
        "",
        "Emitted by the application, from any thread; none waits for the network. FALSE: refused, "
        "and a warning on the",
        "bus says why.",
        "",
    ]
    lines += signals(elements, actions=True)
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", metavar="FILE", help="compare instead of printing")
    arguments = parser.parse_args()
    made = page()
    if not arguments.check:
        sys.stdout.write(made)
        return 0
    with open(arguments.check, encoding="utf-8") as file:
        there = file.read()
    if there == made:
        return 0
    sys.stdout.writelines(
        difflib.unified_diff(
            there.splitlines(True), made.splitlines(True), arguments.check, "the elements"
        )
    )
    print("\nRun: tests/docs/generate_elements.py > docs/elements.md")
    return 1


if __name__ == "__main__":
    sys.exit(main())
