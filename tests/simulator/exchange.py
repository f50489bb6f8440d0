"""Handles a connection: reads requests, applies the ordered faults, sends answers."""

from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.simulator.faults import Fault, Order, Stage
from tests.simulator.wire import Answer, SimulatorRequest

if TYPE_CHECKING:
    from tests.simulator.server import Simulator

PROPER = Fault()


class HungUp(Exception):
    """Raised to close the connection at this point."""


class Exchange(BaseHTTPRequestHandler):
    """The handler of a connection, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Simulator"

    def do_GET(self) -> None:
        with suppress(HungUp):
            self._exchange()

    do_POST = do_DELETE = do_PUT = do_PATCH = do_GET  # noqa: N815 -- the base class names them so

    def _exchange(self) -> None:
        request = self._head()
        order = self.server.orders.take(request)
        fault = order.fault if order else PROPER
        self._stage("unread", order)
        body = self.rfile.read(int(request.headers.get("content-length", 0)))
        request = request._replace(body=body)
        self.server.requests.append(request)
        self.server.gate.wait()
        self._stage("read", order)
        self.server.stopping.wait(fault.delay)
        if fault.call:
            fault.call()
        answer = self.server.answer or fault.answer or self.server.respond(request)
        if fault.change:
            answer = fault.change(answer)
        self._stage("acted", order)
        self._send(answer, order, fault)

    def _head(self) -> SimulatorRequest:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        params = parse_qs(parts.query, keep_blank_values=True)
        return SimulatorRequest(parts.path, params, headers, self.command)

    def _stage(self, stage: Stage, order: Order | None) -> None:
        """Close or hold the connection at a stage, when a fault orders so."""
        if order is None or order.fault.stage != stage:
            return
        order.reached.set()
        if order.fault.hold:
            order.release.wait()
            return
        self.close_connection = True
        raise HungUp

    def _send(self, answer: Answer, order: Order | None, fault: Fault) -> None:
        self.send_response(answer.status)
        sent = {"Content-Type": "application/json", **answer.headers}
        if answer.status != 204:
            sent["Content-Length"] = str(len(answer.body) + fault.length)
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        if fault.stage == "body":
            self.wfile.write(answer.body[: fault.after])
            self._stage("body", order)
            self.wfile.write(answer.body[fault.after :])
        elif fault.pause:
            self._drip(answer.body, fault.pause)
        else:
            self.wfile.write(answer.body)
        self.close_connection = self.close_connection or fault.length != 0

    def _drip(self, body: bytes, pause: float) -> None:
        for at in range(len(body)):
            self.wfile.write(body[at : at + 1])
            if self.server.stopping.wait(pause):
                return

    def log_message(self, *_: object) -> None:
        """Write no log: tests read ``requests``."""
