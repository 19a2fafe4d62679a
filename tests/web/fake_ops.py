#!/usr/bin/python3
"""Serves a page like the operations page, with the real style sheet and assets and with made-up data.

For developing the charts and for looking at them without an appliance. On the loopback only.
"""
import argparse
import http.server
import json
import math
import pathlib
import re
import time
import urllib.parse

WEB = pathlib.Path(__file__).resolve().parents[2] / "agent" / "web"
ASSETS = WEB / "assets"
RENAMED = {"uplot.js": "uplot/uPlot.iife.min.js", "uplot.css": "uplot/uPlot.min.css"}
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
STEP = 10
MOST_POINTS = 1440  # longer ranges come in longer steps

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Operations fake</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<link rel="stylesheet" href="/assets/uplot.css"><link rel="stylesheet" href="/assets/ops.css">
<script src="/assets/uplot.js" defer></script><script src="/assets/ops.js" type="module"></script>
</head><body>
<header><p class="what">Operations</p><h1>aa01.l.root-servers.org</h1></header>
<main id="state">
<section class="verdict good" role="status"><span class="sign" aria-hidden="true">&#x2713;</span>
<div><h2>Serving and announced</h2></div></section>
<p class="fresh">State of %s, made up.</p>
<h2>Alarms</h2><p>None.</p></main>
<section id="charts" hidden></section></body></html>
"""

# The mean of each series; what is not listed in STEADY goes up and down with the day.
LEVELS = {
    "queries.udp.ipv4": 8200, "queries.udp.ipv6": 3100, "queries.tcp.ipv4": 310, "queries.tcp.ipv6": 140,
    "responses.udp.ipv4": 8150, "responses.udp.ipv6": 3090, "responses.tcp.ipv4": 310, "responses.tcp.ipv6": 140,
    "rcode.NOERROR": 4700, "rcode.NXDOMAIN": 6900, "rcode.REFUSED": 60, "rcode.FORMERR": 12, "rcode.NOTIMP": 1,
    "type.A": 6100, "type.AAAA": 2700, "type.NS": 900, "type.DS": 620, "type.HTTPS": 700, "type.TXT": 200,
    "type.MX": 120, "type.SOA": 160, "type.PTR": 90, "type.DNSKEY": 40, "type.other": 70,
    "attribute.rd": 1300, "attribute.cd": 500, "attribute.do": 8800, "attribute.edns": 9900,
    "attribute.cookie": 3300, "attribute.idn": 240, "attribute.chaos": 3,
    "server.199.7.83.42": 8500, "server.2001:500:9f::42": 3200,
    "truncated": 34, "limited": 120, "malformed": 4, "bytes.in": 560e3, "bytes.out": 7.9e6,
    "link.in": 9.1e6, "link.out": 71e6, "time.p50": 4.1, "time.p90": 9.3, "time.p99": 31,
    "sources.ipv4": 640e3, "sources.ipv6": 210e3, "sources.ipv6-aggregate": 95e3, "tcp.connections": 220,
}
STEADY = ("time.", "tcp.")


def noise(name, moment):
    seed = hash_of(name)
    slow, quick = math.sin(moment / 37 + seed), math.sin(moment / 11 * (1 + seed % 3))
    return 0.04 * slow + 0.03 * quick + 0.02 * math.sin(moment * seed)


def hash_of(name):
    return sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 97


def value(name, moment):
    level, of_day = LEVELS[name], (moment % 86400) / 86400
    if name.startswith("sources."):
        return round(level * (1 - math.exp(-4 * of_day)))
    swing = 0 if name.startswith(STEADY) else 0.3 * math.sin(2 * math.pi * (of_day - 0.3))
    burst = 0.9 if name == "limited" and moment % 5400 < 400 else 0
    return round(level * (1 + swing + burst + noise(name, moment)), 2)


def known(moment):
    return not 2000 < moment % 7200 < 2120  # a gap every two hours: the agent was started again


def series_reply(data, last):
    now = int(time.time()) // STEP * STEP
    step = max(STEP, -(-last // MOST_POINTS) // STEP * STEP or STEP)
    points = 0 if data == "empty" else max(1, last // step)
    start = now - points * step
    names = [] if data == "empty" else LEVELS
    moments = [start + i * step for i in range(points)]
    series = {name: [value(name, at) if data == "full" and known(at) else None for at in moments] for name in names}
    full = data == "full"
    return {"step": step, "start": start, "points": points, "series": series,
            "phases": phases(now - last, now) if full else [], "loads": loads(now - last, now) if full else []}


def phases(start, end):
    tracks = []
    for shift, (neighbour, family) in enumerate((("host4", "ipv4"), ("host6", "ipv6"))):
        bands, at = [], start - start % 2700 - 2700 + shift * 60
        while at < end:
            for phase, length, announced in (("up", 2300, True), ("falling", 70, True), ("down", 210, False),
                                             ("rising", 120, False)):
                if at + length > start and at < end:
                    bands.append({"from": max(at, start), "to": min(at + length, end), "phase": phase,
                                  "announced": announced})
                at += length
        tracks.append({"neighbour": neighbour, "family": family, "bands": bands})
    return tracks


def loads(start, end):
    found = []
    for zone, every, seconds in ((".", 1800, 0.8), ("root-servers.net.", 5400, 0.05), ("arpa.", 3000, 0.12)):
        for at in range(start - start % every, end, every):
            if at >= start:
                found.append({"time": at, "zone": zone, "serial": 2026112700 + at // every % 40,
                              "seconds": round(seconds * (1 + noise(zone, at) * 3), 3)})
    return sorted(found, key=lambda load: load["time"])


def bell(center, width, total, lows, end):
    highs = [low - 1 for low in lows[1:]] + [end]
    return [[low, high, round(total * math.exp(-((low - center) / width) ** 2))] for low, high in zip(lows, highs)]


def now_reply(data):
    day = time.strftime("%Y-%m-%d", time.gmtime())
    if data != "full":
        return {"tlds": {"types": ["A", "AAAA"], "rows": []}, "missing": [], "sizes": {"query": {}, "response": {}},
                "times": [], "rssac002": {"day": day, "traffic-volume": {}, "unique-sources": {}}}
    types = ["A", "AAAA", "NS", "DS", "HTTPS", "TXT", "MX", "other"]
    tlds = "com net org arpa de uk cn io ru info nl fr app br jp eu xyz co in dev it xn--p1ai".split()
    weights = [0.5, 0.22, 0.08, 0.06, 0.06, 0.03, 0.02, 0.001]
    rows = [[f"{tld}.", [int(4.1e6 / (place + 1) ** 1.4 * weight * (1 + hash_of(tld) % 5 / 8)) for weight in weights]]
            for place, tld in enumerate(tlds)]
    labels = "local home lan internal localdomain corp belkin invalid dhcp wpad".split()
    missing = [{"label": label, "count": int(9e5 / (place + 1)), "error": 12 * place}
               for place, label in enumerate(labels)]
    lows = list(range(0, 4096, 16))
    sizes = {"query": {"udp": bell(48, 30, 4e6, lows, None), "tcp": bell(70, 60, 2e5, lows, None)},
             "response": {"udp": bell(760, 310, 3e6, lows, None), "tcp": bell(1000, 300, 2e5, lows, None)}}
    uppers = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, None]
    times = [[upper, round(5e6 * math.exp(-((place - 2.4) / 1.6) ** 2))] for place, upper in enumerate(uppers)]
    volume = {f"dns-{transport}-{what}-{family}": int(1e8 / (1 + hash_of(transport + family)))
              for transport in ("udp", "tcp") for family in ("ipv4", "ipv6")
              for what in ("queries-received", "responses-sent")}
    kinds = ("ipv4", "ipv6", "ipv6-aggregate")
    unique = {f"num-sources-{kind}": 500000 // (place + 1) for place, kind in enumerate(kinds)}
    return {"tlds": {"types": types, "rows": rows}, "missing": missing, "sizes": sizes, "times": times,
            "rssac002": {"day": day, "traffic-volume": volume, "unique-sources": unique}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path == "/":
            self.reply("text/html; charset=utf-8", PAGE % time.strftime("%H:%M:%S UTC", time.gmtime()))
        elif url.path == "/style.css":
            sheet = (WEB / "style.cc").read_text(encoding="utf-8")
            self.reply(TYPES[".css"], re.search(r'R"css\((.*)\)css"', sheet, re.DOTALL).group(1))
        elif url.path.startswith("/assets/"):
            self.asset(url.path.removeprefix("/assets/"))
        elif url.path == "/api/series":
            last = min(max(int(query.get("last", ["3600"])[0]), STEP), 86400)
            self.reply("application/json", json.dumps(series_reply(self.server.data, last)))
        elif url.path == "/api/now":
            self.reply("application/json", json.dumps(now_reply(self.server.data)))
        elif url.path == "/api/live":
            self.live()
        else:
            self.send_error(404)

    def asset(self, name):
        path = ASSETS / RENAMED.get(name, name)
        if "/" in name or path.suffix not in TYPES or not path.is_file():
            self.send_error(404)
            return
        self.reply(TYPES[path.suffix], path.read_text(encoding="utf-8"))

    def reply(self, kind, text):
        body = text.encode()
        self.send_response(200)
        for name, content in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
                              ("Content-Security-Policy", POLICY), ("X-Content-Type-Options", "nosniff")):
            self.send_header(name, content)
        self.end_headers()
        self.wfile.write(body)

    def live(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        end = time.monotonic() + self.server.break_after
        while time.monotonic() < end:
            at = int(time.time()) // STEP * STEP
            names = LEVELS if self.server.data == "full" else ()
            point = {"time": at - STEP, "series": {name: value(name, at - STEP) for name in names}}
            try:
                self.wfile.write(f"event: point\ndata: {json.dumps(point)}\n\n".encode())
            except OSError:
                return
            time.sleep(max(0, min(at + STEP - time.time(), end - time.monotonic())) + 0.01)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--data", choices=("full", "null", "empty"), default="full",
                        help="null: every value unknown; empty: no points and no names")
    parser.add_argument("--break-after", type=float, default=3600, metavar="SECONDS",
                        help="end each live stream after so long (default 3600)")
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    server.daemon_threads = True
    server.data, server.break_after = arguments.data, arguments.break_after
    print(f"http://127.0.0.1:{arguments.port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
