#!/usr/bin/env python3
"""A token server of one's own: the project key stays here, each device gets short-lived keys.

    OPENAI_API_KEY=sk-… DEVICE_SECRET=… examples/token_server.py --port 8090

and on the device: openairealtimebin token-url=http://127.0.0.1:8090/token \\
                       token-headers="Authorization: Bearer …the device secret…"
Put it behind a web server that speaks TLS: the elements take plain http to this machine only.
"""
import argparse
import hmac
import http.server
import json
import os
import sys
import urllib.error
import urllib.request

# What a device may have: it can override model settings, so nothing here is a lock but the key.
SESSION = {"type": "realtime", "model": "gpt-realtime-2.1"}
LIFETIME_S = 60


class TokenServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, base_url, api_key, device_secret):
        super().__init__(address, Handler)
        self.base_url, self.api_key, self.device_secret = base_url, api_key, device_secret

    def mint(self):
        """(status, body) as the service answers; the elements understand it as it is."""
        request = urllib.request.Request(
            self.base_url + "/realtime/client_secrets",
            data=json.dumps(
                {
                    "session": SESSION,
                    "expires_after": {"anchor": "created_at", "seconds": LIFETIME_S},
                }
            ).encode(),
            headers={
                "Authorization": "Bearer " + self.api_key,
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            # The reason is for the operator; a device learns only whether to come again.
            print("the service refuses:", refusal.code, file=sys.stderr)
            return (429 if refusal.code == 429 else 502), b"{}"
        except OSError as error:
            print("the service is not reached:", error, file=sys.stderr)
            return 503, b"{}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802, the name is http.server's
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/token":
            return self.answer(404, b"{}")
        wanted = "Bearer " + self.server.device_secret
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), wanted.encode()):
            return self.answer(401, b"{}")
        return self.answer(*self.server.mint())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--listen", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--base-url", default="https://api.openai.com/v1")
    arguments = parser.parse_args()
    try:
        api_key, device_secret = os.environ["OPENAI_API_KEY"], os.environ["DEVICE_SECRET"]
    except KeyError as missing:
        parser.error(f"set {missing.args[0]}")
    address = (arguments.listen, arguments.port)
    with TokenServer(address, arguments.base_url, api_key, device_secret) as server:
        print(f"http://{arguments.listen}:{server.server_port}/token", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
