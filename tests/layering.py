"""Includes point one way: each room may include only what stands beneath it.

Usage: layering.py SOURCE_ROOT. Prints each include that breaks the rule; exit status 1 if any does.
"""

import re
import sys
from pathlib import Path

RULES = {
    "base": set(),
    "protocol": {"base"},
    "http": {"base", "protocol"},
    "policy": {"base"},
    "conversation": {"base", "protocol"},
    "captions": {"base"},
    "store": {"base", "protocol"},
    "auth": {"base", "protocol", "http"},
    "signalling": {"base", "protocol", "http"},
    "rtc": {"base"},
    "session": {
        "base", "protocol", "http", "policy", "conversation", "store", "auth", "signalling", "rtc",
    },
}
# Libraries that belong to one room, so that a swap of the library is a change of one room.
LIBRARIES = {
    "gst/webrtc/": {"rtc"},
    "nice/": {"rtc"},
    "libsoup/": {"http"},
    "json-glib/": {"protocol"},
    "sqlite3.h": {"store"},
    "sodium.h": {"store"},
    "hiredis/": {"store"},
}
# Rooms that think: no threads, no clocks asked, no GStreamer.
PURE = {"policy", "conversation", "captions"}
# GStreamer's Fourier transform is arithmetic and no more.
IMPURE = re.compile(r"Clock::now\(|std::thread|<gst/(?!fft/)|<gio/|random_device")

INCLUDE = re.compile(r'^\s*#include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def own_room(include):
    room = include.split("/")[0]
    return room if room in RULES else None


def check_room(root, room, allowed):
    for path in sorted((root / "gst" / room).rglob("*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        text = path.read_text(encoding="utf-8")
        for quoted, angled in INCLUDE.findall(text):
            target = own_room(quoted) if quoted else None
            if target and target != room and target not in allowed:
                yield f"{path.relative_to(root)}: {room} may not include {quoted}"
            for prefix, rooms in LIBRARIES.items():
                if angled.startswith(prefix) and room not in rooms:
                    yield f"{path.relative_to(root)}: <{angled}> belongs to {sorted(rooms)}"
        if room in PURE and (found := IMPURE.search(text)):
            yield f"{path.relative_to(root)}: {room} is pure, but has {found.group(0)}"


def check_outside(root):
    """Plugins know the session, its plain values, the media port and the captions; the simulator never our client."""
    simulator = {"base", "protocol"}
    for path in sorted((root / "tests" / "simulator").rglob("*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        for quoted, _ in INCLUDE.findall(path.read_text(encoding="utf-8")):
            target = own_room(quoted)
            if target and target not in simulator and not (path.parent / quoted).exists():
                yield f"{path.relative_to(root)}: the simulator may not include {quoted}"
    for path in sorted((root / "plugins").rglob("*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        for quoted, angled in INCLUDE.findall(path.read_text(encoding="utf-8")):
            target = own_room(quoted)
            if target and target not in {"base", "session", "rtc", "captions"}:
                yield f"{path.relative_to(root)}: plugins reach {target} through the session only"
            if angled.startswith(("libsoup/", "nice/", "json-glib/")):
                yield f"{path.relative_to(root)}: <{angled}> has no business in an element"


def main():
    root = Path(sys.argv[1])
    problems = [p for room, allowed in RULES.items() for p in check_room(root, room, allowed)]
    problems += check_outside(root)
    print("\n".join(problems) or "all includes point the right way")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
