#!/usr/bin/env python3
"""A model that calls a function of this program, with a token from a callback of this program.

    OPENAI_API_KEY=sk-… meson devenv -C build ../examples/tools.py "What time is it in Tokyo?"

Types the question, answers the model's function calls, plays what it says (--output: to a file).
Needs python3-gi and gir1.2-gstreamer-1.0.
"""
import argparse
import datetime
import json
import os
import sys
import threading
import urllib.request
import zoneinfo

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst

TOOLS = [
    {
        "type": "function",
        "name": "time_in",
        "description": "The time of day in a time zone.",
        "parameters": {
            "type": "object",
            "properties": {"zone": {"type": "string", "description": "as in Asia/Tokyo"}},
            "required": ["zone"],
        },
    }
]


def time_in(zone):
    return datetime.datetime.now(zoneinfo.ZoneInfo(zone)).strftime("%H:%M")


class Tools:
    def __init__(self, arguments):
        self.arguments = arguments
        self.loop = GLib.MainLoop()
        self.result = 0
        sink = "wavenc ! filesink name=file" if arguments.output else "audioconvert ! autoaudiosink"
        self.pipeline = Gst.parse_launch(f"openairealtimesrc name=talk ! {sink}")
        if arguments.output:
            self.pipeline.get_by_name("file").set_property("location", arguments.output)
        self.talk = self.pipeline.get_by_name("talk")
        self.talk.set_property("base-url", arguments.base_url)
        self.talk.set_property("tools", json.dumps(TOOLS))
        self.talk.connect("request-token", self.on_request_token)
        self.talk.connect("function-call", self.on_function_call)
        self.talk.connect("event", self.on_event)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::element", self.on_element)
        bus.connect("message::warning", self.on_warning)
        bus.connect("message::error", self.on_error)
        bus.connect("message::eos", lambda *_: self.loop.quit())

    def on_request_token(self, _talk):
        """Where an application asks its own server. On a worker thread: it may take its time."""
        request = urllib.request.Request(
            self.arguments.base_url + "/realtime/client_secrets",
            data=json.dumps({"session": {"type": "realtime"}}).encode(),
            headers={
                "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"],
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)["value"]
        except (OSError, KeyError, ValueError) as error:
            print("no token:", error)
            return None  # a warning; the session asks again

    def on_function_call(self, talk, name, call_id, arguments):
        """On the session's thread: what may take long is done on another one, and answers later."""
        work = (talk, name, call_id, arguments)
        threading.Thread(target=self.answer, args=work, daemon=True).start()

    def answer(self, talk, name, call_id, arguments):
        try:
            output = time_in(**json.loads(arguments))
        except (TypeError, ValueError, zoneinfo.ZoneInfoNotFoundError) as error:
            output = f"error: {error}"
        print(f"{name}({arguments}) = {output}", flush=True)
        talk.emit("submit-tool-output", call_id, output)

    def on_element(self, _bus, message):
        structure = message.get_structure()
        what = structure.get_name()
        if what == "openai-realtime/connection-state":
            print(f"[{structure.get_string('state')}]", flush=True)
            if structure.get_string("state") == "connected":
                self.talk.emit("send-text", self.arguments.question)
        elif what == "openai-realtime/transcript" and structure.get_value("final"):
            print(f"{structure.get_string('role')}: {structure.get_string('text')}", flush=True)
        elif what == "openai-realtime/response-done" and structure.get_string("status") == "failed":
            print("the model could not answer", file=sys.stderr)
            self.result = 1
            self.loop.quit()

    def on_event(self, _talk, kind, _json):
        if kind == "output_audio_buffer.stopped":
            GLib.timeout_add(500, self.end)  # its last words are still on their way

    def end(self):
        self.pipeline.send_event(Gst.Event.new_eos())
        return GLib.SOURCE_REMOVE

    def on_warning(self, _bus, message):
        print("warning:", message.parse_warning()[0].message)

    def on_error(self, _bus, message):
        print("error:", *(str(part) for part in message.parse_error()), file=sys.stderr)
        self.result = 1
        self.loop.quit()

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        try:
            self.loop.run()
        except KeyboardInterrupt:
            pass
        self.pipeline.set_state(Gst.State.NULL)
        return self.result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("question", nargs="?", default="What time is it in Tokyo?")
    parser.add_argument("--base-url", default="https://api.openai.com/v1")
    parser.add_argument("--output", help="a WAV file instead of the loudspeaker")
    arguments = parser.parse_args()
    if "OPENAI_API_KEY" not in os.environ:
        parser.error("set OPENAI_API_KEY")
    Gst.init(None)
    return Tools(arguments).run()


if __name__ == "__main__":
    sys.exit(main())
