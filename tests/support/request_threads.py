"""Names the threads of a server by its port, so that a test can wait for them alone."""

import threading
from http.server import ThreadingHTTPServer
from typing import Any


class NamedThreadsServer(ThreadingHTTPServer):
    """Serves each connection in a thread that is named by the server's port."""

    def process_request(self, request: Any, client_address: Any) -> None:
        threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=thread_name(self.server_port),
            daemon=True,
        ).start()


def thread_name(port: int) -> str:
    return f"connection to {port}"
