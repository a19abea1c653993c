#!/usr/bin/env python3
"""A talk show with a model: its words burnt into the picture, both sides recorded on one time line.

    OPENAI_API_KEY=sk-… meson devenv -C build ../examples/broadcast.py --output show.mkv

The output goes on through every fault of network and service: picture, microphone and silence
flow, and what is said goes on when the call is back. Ctrl-C ends it, and the file is whole.
Needs python3-gi, gir1.2-gstreamer-1.0 and gstreamer1.0-x (textoverlay).
"""
import argparse
import os
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst

# A queue before each input of the muxer: an input that comes late must not hold the others up.
BUFFER = "queue max-size-time=5000000000 max-size-bytes=0 max-size-buffers=0"
SHOW = """
    {video} ! videoconvert ! videoscale ! videorate !
        video/x-raw,format=I420,width=640,height=360,framerate=25/1 !
        queue ! textoverlay name=caption valignment=bottom shaded-background=true font-desc="Sans 20" !
        vp8enc deadline=1 cpu-used=8 target-bitrate=1000000 keyframe-max-dist=50 ! {buffer} ! file.
    {microphone} ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=1 !
        tee name=guest ! queue ! openairealtimebin name=talk ! tee name=host
    talk.transcript_src ! queue ! caption.text_sink
    guest. ! {buffer} ! opusenc ! {buffer} ! file.
    host. ! {buffer} ! opusenc ! {buffer} ! file.
    host. ! queue ! {monitor}
    matroskamux name=file ! filesink name=output
"""


class Show:
    def __init__(self, arguments):
        self.loop = GLib.MainLoop()
        self.result = 0
        self.pipeline = Gst.parse_launch(
            SHOW.format(
                buffer=BUFFER,
                video=arguments.video,
                microphone=arguments.microphone,
                monitor=arguments.monitor,
            )
        )
        self.pipeline.get_by_name("output").set_property("location", arguments.output)
        self.talk = self.pipeline.get_by_name("talk")
        self.talk.set_property("base-url", arguments.base_url)
        self.talk.set_property("instructions", "You are a guest in a talk show.")
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::element", self.on_element)
        bus.connect("message::warning", self.on_warning)
        bus.connect("message::error", self.on_error)
        bus.connect("message::eos", lambda *_: self.loop.quit())
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, 2, self.end)  # SIGINT
        if arguments.seconds:
            GLib.timeout_add_seconds(arguments.seconds, self.end)

    def end(self):
        """The end of the stream travels through, so that the file is closed as it should be."""
        self.pipeline.send_event(Gst.Event.new_eos())
        return GLib.SOURCE_REMOVE

    def on_element(self, _bus, message):
        news = message.get_structure()
        what = news.get_name()
        if what == "openai-realtime/connection-state":
            print(f"[{news.get_string('state')}]", flush=True)
        elif what == "openai-realtime/recovery":
            print(f"[on air again after {news.get_value('outage-ms'):.0f} ms]", flush=True)
        elif what == "openai-realtime/transcript" and news.get_value("final"):
            print(f"{news.get_string('role')}: {news.get_string('text')}", flush=True)

    def on_warning(self, _bus, message):
        print("warning:", message.parse_warning()[0].message, flush=True)

    def on_error(self, _bus, message):
        error, detail = message.parse_error()
        if message.src is self.talk:  # the show goes on without the model
            print("the model is gone:", error.message, flush=True)
            return
        print("error:", error.message, detail, file=sys.stderr)
        self.result = 1
        self.loop.quit()

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)
        return self.result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--video", default="videotestsrc is-live=true pattern=gradient")
    parser.add_argument("--microphone", default="autoaudiosrc")
    parser.add_argument("--monitor", default="fakesink", help="where the guest hears the model")
    parser.add_argument("--output", default="show.mkv")
    parser.add_argument("--seconds", type=int, default=0, help="ends by itself after so long")
    parser.add_argument("--base-url", default="https://api.openai.com/v1")
    arguments = parser.parse_args()
    if "OPENAI_API_KEY" not in os.environ:
        parser.error("set OPENAI_API_KEY")
    Gst.init(None)
    return Show(arguments).run()


if __name__ == "__main__":
    sys.exit(main())
