"""nginx with ``proxy_cache`` in front of the upstream: one worker, its cache in memory."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from bench.servers import (
    Server,
    Servers,
    Upstream,
    find_free_port,
    find_program,
    is_alive,
    run_process,
    wait_for,
)

MEMORY = Path("/dev/shm")
FAILURES = "proxy_cache_valid 502 503 504 5s;"
CONFIGURATION = """
daemon off;
worker_processes {workers};
error_log {folder}/error.log warn;
pid {folder}/pid;
user {user};
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  sendfile on;
  tcp_nopush on;
  proxy_cache_path {cache} levels=1:2 keys_zone=pages:10m max_size=1g inactive=1d use_temp_path=off;
  upstream agency {{ server {upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location = /healthz {{ return 200 "ok"; }}
    location = /page {{ proxy_pass http://agency; }}
    location = /search {{
      proxy_pass http://agency/v2/images/search?query=$arg_q&page=1&per_page=48;
    }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_connect_timeout 1s;
    proxy_read_timeout 2500ms;
    proxy_cache pages;
    proxy_cache_key $request_uri;
    proxy_ignore_headers Cache-Control;
    proxy_cache_valid 200 {fresh}s;
    {failures}
    proxy_cache_lock on;
    proxy_cache_background_update on;
    proxy_cache_use_stale updating error timeout http_500 http_502 http_503 http_504;
  }}
}}
"""


@contextmanager
def run_nginx(
    servers: Servers,
    upstream: Upstream,
    *,
    fresh: int = 86400,
    keeps_failures: bool = False,
    workers: int = 1,
) -> Iterator[Server]:
    """Run nginx, with its cache in ``/dev/shm`` where the system has that folder."""
    folder, port = servers.create_folder("nginx"), find_free_port()
    cache = Path(mkdtemp(prefix="affiliate-bench-", dir=MEMORY if MEMORY.is_dir() else folder))
    text = CONFIGURATION.format(
        workers=workers,
        folder=folder,
        user=getpass.getuser(),
        cache=cache,
        upstream=upstream.url.removeprefix("http://"),
        port=port,
        fresh=fresh,
        failures=FAILURES if keeps_failures else "",
    )
    (folder / "nginx.conf").write_text(text)
    log = folder / "log"
    command = [find_program("nginx"), "-e", f"{folder}/start.log", "-c", f"{folder}/nginx.conf"]
    try:
        with run_process([*command, "-p", str(folder)], {}, log) as process:
            server = Server(process, f"http://127.0.0.1:{port}", log)
            wait_for(process, log, lambda: is_alive(server.url))
            yield server
    finally:
        rmtree(cache, ignore_errors=True)


def summarize(*, fresh: int, keeps_failures: bool = False, workers: int = 1) -> str:
    """Return the configuration in a line, for the report."""
    directives = ["`proxy_cache_lock on`", "`proxy_cache_background_update on`"]
    directives += ["`proxy_cache_use_stale updating error timeout http_50x`"]
    directives += [f"`proxy_cache_valid 200 {fresh}s`"]
    directives += ["`proxy_cache_valid 502 503 504 5s`"] if keeps_failures else []
    processes = f"{workers} worker{'s' if workers > 1 else ''}"
    return ", ".join([processes, "cache in `/dev/shm`", "`access_log off`", *directives])
