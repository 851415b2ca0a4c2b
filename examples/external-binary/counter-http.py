#!/usr/bin/env python3
"""A counter in Python that is just an HTTP server on a unix socket: POST /call/NAME and POST /cast/NAME."""

import json
import os
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer


class Counter(BaseHTTPRequestHandler):
    count = 0

    def do_POST(self):
        arguments = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/call/add":
            Counter.count += arguments[0]
            self.answer(200, Counter.count)
        elif self.path == "/call/count":
            self.answer(200, Counter.count)
        elif self.path == "/call/fail":
            self.answer(500, "asked to fail")
        elif self.path == "/cast/reset":
            Counter.count = 0
            self.answer(200, None)
        else:
            self.answer(404, "no such path")

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "kernel"


UnixStreamServer(os.environ["SOLO_HTTP_SOCKET"], Counter).serve_forever()
