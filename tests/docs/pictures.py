"""Draws what a recorded conversation looks like, for docs/pictures.md."""

import subprocess

BOUND_S = 60


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, timeout=BOUND_S, **options)


def launch(line):
    run("gst-launch-1.0", "-q", *line.split())


def draw_bin(target):
    """What is inside openairealtimebin, as GStreamer itself draws it."""
    import gi

    gi.require_version("Gst", "1.0")
    from gi.repository import Gst

    Gst.init(None)
    pipeline = Gst.parse_launch("audiotestsrc is-live=true ! openairealtimebin name=talk ! fakesink")
    talk = pipeline.get_by_name("talk")
    # A server that is not there: the graph is the same, and nobody is called.
    talk.set_property("base-url", "http://127.0.0.1:9/v1")
    talk.set_property("api-key", "sk-nobody")
    pipeline.set_state(Gst.State.PLAYING)
    pipeline.get_state(5 * Gst.SECOND)
    graph = Gst.debug_bin_to_dot_data(talk, Gst.DebugGraphDetails.MEDIA_TYPE)
    pipeline.set_state(Gst.State.NULL)
    if "sk-nobody" in graph:
        raise SystemExit("the key is in the graph")
    svg = run("dot", "-Tsvg", input=graph.encode(), capture_output=True).stdout
    target.write_bytes(svg)


def draw_conversation(show, folder, target):
    """Both sides above each other: the guest first, the model below."""
    for track, name in ((0, "guest"), (1, "model")):
        launch(
            f"filesrc location={show} ! matroskademux name=d d.audio_{track} ! opusdec ! "
            f"audioconvert ! audio/x-raw,format=S16LE,channels=1 ! wavenc ! "
            f"filesink location={folder}/{name}.wav"
        )
    both = folder / "both.wav"
    run("sox", "-M", folder / "guest.wav", folder / "model.wav", both, "trim", "0", "14", "rate", "16k")
    title = ("-t", "above: the guest; below: the model", "-c", "a barge-in")
    run("sox", both, "-n", "spectrogram", "-x", "900", "-y", "200", "-z", "70", *title, "-o", target)


def draw_captions(show, at_s, target):
    """The picture at that time of the show."""
    launch(
        f"filesrc location={show} ! matroskademux name=d d.video_0 ! vp8dec ! videorate ! "
        f"video/x-raw,framerate=1/{at_s} ! videoconvert ! pngenc snapshot=false ! "
        f"multifilesink location={target.parent}/frame-%d.png"
    )
    frames = sorted(target.parent.glob("frame-*.png"))
    frames[min(1, len(frames) - 1)].replace(target)
    for frame in frames:
        frame.unlink(missing_ok=True)


def make_pictures(show, folder):
    folder.mkdir(parents=True, exist_ok=True)
    draw_bin(folder / "bin.svg")
    draw_conversation(show, show.parent, folder / "conversation.png")
    draw_captions(show, 6, folder / "captions.png")
