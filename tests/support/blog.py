"""Runs the real WordPress of Debian, with a MariaDB of its own, for tests that need a blog."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from tests.support.folders import socket_folder
from tests.support.ports import new_port
from tests.support.processes import ROOT, clean_environment, reset_inherited
from tests.support.waiting import PATIENCE, wait_until

WORDPRESS: Final = Path("/usr/share/wordpress")
PLUGIN: Final = ROOT / "wordpress" / "affiliate-search"
START_SECONDS: Final = 30.0
PHP: Final = {
    "display_errors": "stderr",
    "log_errors": "0",
    "opcache.enable_cli": "1",
    "opcache.revalidate_freq": "0",
}
PASSWORD: Final = "secret"
CONFIG: Final = """<?php
define( 'DB_NAME', 'blog' );
define( 'DB_USER', 'root' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:{socket}' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'WP_HOME', '{url}' );
define( 'WP_SITEURL', '{url}' );
define( 'FS_METHOD', 'direct' );
define( 'DISABLE_WP_CRON', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', 'localhost' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', '{log}' );
$table_prefix = 'wp_';
defined( 'ABSPATH' ) || define( 'ABSPATH', __DIR__ . '/' );
require_once ABSPATH . 'wp-settings.php';
"""
INSTALL: Final = """
define( 'WP_INSTALLING', true );
require '{root}/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
function wp_new_blog_notification() {{}}
wp_install( 'Blog', 'admin', 'admin@example.org', true, '', '{password}' );
"""
RUNS: Final = """<?php
require __DIR__ . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
wp_set_current_user( 1 );
$asked = json_decode( file_get_contents( 'php://input' ), true );
$run = eval( 'return function ( $values ) { ' . $asked['code'] . ' };' );
echo json_encode( $run( $asked['values'] ) );
"""
"""A page that runs code of tests: a server has all of WordPress compiled, a new PHP has not."""


class Blog:
    """A running WordPress: its address without a slash at the end, its folder, its database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "wordpress"
        self.socket = folder / "socket"
        self.log = folder / "debug.log"
        self.compiled = folder / "compiled"
        self.compiled.mkdir()
        self.url = f"http://127.0.0.1:{new_port()}"
        self.runner = f"{secrets.token_hex(16)}.php"  # no other program may have code run

    @property
    def interpreter(self) -> list[str]:
        """Name PHP with options by which a process keeps compiled files for the next process."""
        options = {**PHP, "opcache.file_cache": str(self.compiled)}
        return ["php", *(f"-d{name}={value}" for name, value in options.items())]

    def php(self, code: str, **values: Any) -> Any:
        """Run code in WordPress, with ``$values``, and return its value.

        Raises:
            RuntimeError: it failed, or printed something.
        """
        asked = json.dumps({"code": code, "values": values}).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/{self.runner}", asked, PATIENCE) as answer:
                said = answer.read().decode()
            return json.loads(said)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"PHP failed: {error.read().decode()}{self.read_log()}") from error
        except ValueError as error:
            raise RuntimeError(f"PHP printed: {said}{self.read_log()}") from error

    def run_php(self, code: str) -> str:
        """Run a piece of PHP, and return its output.

        Raises:
            RuntimeError: it failed or complained.
        """
        done = run_program(*self.interpreter, "-r", code)
        if done.returncode or done.stderr:
            raise RuntimeError(f"PHP failed: {done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, question: str) -> list[str]:
        """Query the database and return the rows, with tabs between columns."""
        asked = ("mariadb", "--no-defaults", "-S", str(self.socket), "-NB", "-e", question, "blog")
        done = run_program(*asked)
        assert not done.returncode, done.stderr
        return done.stdout.splitlines()

    def post(self, content: str, title: str = "A post") -> str:
        """Publish a post and return its address."""
        address: str = self.php(
            """return get_permalink( wp_insert_post( wp_slash( array(
                'post_title' => $values['title'],
                'post_content' => $values['content'],
                'post_status' => 'publish',
            ) ) ) );""",
            title=title,
            content=content,
        )
        return address

    def save_settings(self, **values: str) -> None:
        """Save settings as the plugin's page does."""
        self.php("update_option( 'affiliate_search', $values );", **values)

    def forget(self) -> None:
        """Delete all posts and all data of the plugin, with what WordPress cached for it."""
        self.sql(
            "DELETE FROM wp_posts; DELETE FROM wp_postmeta;"
            "DELETE FROM wp_options WHERE option_name LIKE '%affiliate_search%'"
            " OR option_name LIKE '_transient%oembed_%'"
        )
        self.log.unlink(missing_ok=True)

    def complaints(self) -> list[str]:
        """Return messages of PHP or WordPress that name the plugin."""
        lines = self.read_log().splitlines()
        return [line for line in lines if re.search("affiliate.search", line)]

    def read_log(self) -> str:
        """Return the log of PHP since the last call of ``forget``."""
        return self.log.read_text() if self.log.exists() else ""


@contextmanager
def running_blog() -> Iterator[Blog]:
    """Run a new blog with the plugin, active and without settings, on a loopback port.

    Raises:
        RuntimeError: something is not installed or didn't start; the message says what.
    """
    _check_installed()
    folder = socket_folder("wp-")
    servers = []
    blog = Blog(folder)
    try:
        servers.append(_start_database(blog))
        _set_up(blog)
        servers.append(_start_web_server(blog))
        install_plugin(blog)
        yield blog
    finally:
        for server in servers:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)  # nothing in it is worth keeping
            server.wait(START_SECONDS)
        shutil.rmtree(folder)


def _check_installed() -> None:
    programs = [name for name in ("php", "mariadbd", "mariadb") if not _find_program(name)]
    missing = programs + ([] if WORDPRESS.exists() else [str(WORDPRESS)])
    if missing:
        what = ", ".join(missing)
        raise RuntimeError(f"missing: {what}; `make test` installs them on Debian as root")


def _find_program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _start_database(blog: Blog) -> subprocess.Popen[bytes]:
    """Start a database server without users and system tables that listens on a socket alone."""
    data = blog.folder / "data"
    data.mkdir()
    log = blog.folder / "mariadb.log"
    client = ("mariadb", "--no-defaults", "-S", str(blog.socket))
    server = _start_program(
        log,
        str(_find_program("mariadbd")),
        "--no-defaults",
        f"--datadir={data}",
        f"--socket={blog.socket}",
        f"--pid-file={blog.folder / 'pid'}",
        "--skip-networking",
        "--skip-grant-tables",
        "--innodb-buffer-pool-size=32M",
        "--innodb-log-file-size=8M",
        "--innodb-flush-log-at-trx-commit=0",
        *(["--user=root"] if os.geteuid() == 0 else []),
    )
    _await(server, log, lambda: run_program(*client, "-e", "CREATE DATABASE blog").returncode == 0)
    return server


def _set_up(blog: Blog) -> None:
    shutil.copytree(WORDPRESS, blog.root, ignore=shutil.ignore_patterns(".htaccess", "akismet"))
    places = {"socket": blog.socket, "url": blog.url, "log": blog.log}
    (blog.root / "wp-config.php").write_text(CONFIG.format_map(places))
    (blog.root / blog.runner).write_text(RUNS)
    blog.run_php(INSTALL.format(root=blog.root, password=PASSWORD))


def install_plugin(blog: Blog) -> None:
    """Copy the plugin's files into the blog, and activate the plugin."""
    shutil.copytree(PLUGIN, blog.root / "wp-content/plugins/affiliate-search", dirs_exist_ok=True)
    failed = blog.php("return activate_plugin( 'affiliate-search/affiliate-search.php' );")
    if failed is not None:
        raise RuntimeError(f"the plugin could not be activated: {failed}")


def _start_web_server(blog: Blog) -> subprocess.Popen[bytes]:
    log = blog.folder / "php.log"
    listen = blog.url.removeprefix("http://")
    command = [*blog.interpreter, "-S", listen, "-t", str(blog.root)]
    server = _start_program(log, *command, PHP_CLI_SERVER_WORKERS="4")
    _await(server, log, lambda: _answers(blog.url))
    return server


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=START_SECONDS) as response:
            return bool(response.status == HTTPStatus.OK)
    except OSError:
        return False


def _start_program(log: Path, *command: str, **environment: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            env={**clean_environment(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
        )


def _await(server: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
    wait_until(lambda: server.poll() is not None or ready())
    if server.poll() is not None:
        raise RuntimeError(f"a server did not start:\n{log.read_text(errors='replace')}")


def run_program(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end in a defined environment, and capture its output."""
    return subprocess.run(
        command,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        preexec_fn=reset_inherited,
    )
