"""The meaning of a database's failures, in words that hold no part of its address.

The driver's own text is never passed on: such a text names host, user and database, and takes the
end of a password with a bare @ for the host. PostgreSQL's codes are of
https://www.postgresql.org/docs/current/errcodes-appendix.html, SQLite's names of
https://www.sqlite.org/rescode.html.
"""

import re
from collections.abc import Mapping
from typing import Final

SQLSTATE_WORDS: Final[Mapping[str, str]] = {
    "28P01": "it does not take the user and password; copy both anew, percent-encoded",
    "28000": "it does not let this user in from here; look at its access rules, or add"
    " sslmode=require",
    "3D000": "it has no database of that name; create the database or mend the name",
    "42501": "its user may not do this; run GRANT CREATE, USAGE ON SCHEMA public TO that user",
    "3F000": "no schema of its search_path is there; run CREATE SCHEMA with that name",
    "53300": "all its connections are taken; raise its limit or lower WEB_CONCURRENCY",
    "53100": "its disk is full; make room there",
    "53200": "it is out of memory; give it more",
    "25006": "it is read-only, such as a replica or a full plan; point DATABASE_URL at the primary",
    "57014": "it took too long; look for locks and load there",
    "57P": "it is being stopped or started; try again in a moment",
    "55P03": "a lock is held by another; look for open transactions there",
    "42P01": "tables are missing; run flask ledger upgrade",
    "42703": "columns are missing; run flask ledger upgrade",
    "22P05": "its encoding can't hold these characters; use a database of the encoding UTF8",
    "22021": "its encoding can't hold these characters; use a database of the encoding UTF8",
    "08": "the connection to it broke; try again in a moment",
}
"""Words by SQLSTATE, or the beginning of one."""

SQLITE_WORDS: Final[Mapping[str, str]] = {
    "SQLITE_BUSY": "another program holds the file's lock; end that program or wait",
    "SQLITE_CANTOPEN": "the file can't be opened; make its folder, for this user",
    "SQLITE_CORRUPT": "the file is damaged; put a backup in its place",
    "SQLITE_FULL": "the disk is full; make room there",
    "SQLITE_IOERR": "the disk fails; look at the disk",
    "SQLITE_LOCKED": "another connection holds the lock; try again in a moment",
    "SQLITE_NOTADB": "the file is no SQLite database; name another file",
    "SQLITE_PERM": "the file can't be used by this user; change its owner",
    "SQLITE_READONLY": "the file can't be written; mend owner and mode of it, its -wal and -shm,"
    " and of their folder, and look at the disk",
}
"""Words by the beginning of SQLite's name for a failure."""

TEXT_PATTERNS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "password authentication failed|no password supplied|SASL auth",
        "28P01",
        SQLSTATE_WORDS["28P01"],
    ),
    (
        r"no pg_hba\.conf entry.*(no encryption|SSL off)",
        "28000",
        "it wants TLS; add sslmode=require",
    ),
    (
        "no pg_hba.conf entry|not permitted to log|[Aa]uthentication failed",
        "28000",
        SQLSTATE_WORDS["28000"],
    ),
    ('role ".*" does not exist|no such user|[Uu]ser not found', "28000", SQLSTATE_WORDS["28000"]),
    ('database ".*" does not exist|no such database', "3D000", SQLSTATE_WORDS["3D000"]),
    ("permission denied for", "42501", SQLSTATE_WORDS["42501"]),
    (
        "too many (connections|clients)|connection slots|[Mm]ax client|no more connections",
        "53300",
        SQLSTATE_WORDS["53300"],
    ),
    ("database system is|shutting down|administrator command", "57P03", SQLSTATE_WORDS["57P"]),
    (
        "server is (not )?in hot standby|session is (not )?read-only",
        "target_session_attrs",
        "no host is what target_session_attrs asks for; look which is the primary",
    ),
    (
        "does not match host name",
        "certificate",
        "its certificate is for another host name; mend the host or set sslmode=verify-ca",
    ),
    (
        "root certificate file",
        "certificate",
        "no file says which certificates to trust; add sslrootcert=system or its file",
    ),
    (
        "certificate",
        "certificate",
        "its certificate is not trusted; add sslrootcert=... of its provider",
    ),
    ("does not support SSL", "TLS", "it speaks no TLS; leave sslmode out or set sslmode=disable"),
    ("SSL|TLS", "TLS", "TLS with it fails; look at sslmode and the port"),
    (
        "Connection refused",
        "connection refused",
        "nothing listens at its host and port; start the server or mend the port",
    ),
    (
        "resolve host|translate host name|Name or service|getaddrinfo",
        "no such host",
        "its host name is not known; mend the host or the network's names",
    ),
    (
        "QueuePool limit",
        "busy",
        "all of this process's connections wait for it; look for locks and load there",
    ),
    (
        "[Tt]ime(d)?[ -]?out|timeout expired",
        "timeout",
        "it does not answer in time; look at the server, its host and firewalls",
    ),
    (
        "No route to host|unreachable",
        "unreachable",
        "no way leads to its host; look at networks and firewalls",
    ),
    (
        "No such file or directory",
        "no such socket",
        "no server has its socket there; start the server or mend the folder",
    ),
    (
        "closed the connection|Connection reset|terminating connection|consuming input failed",
        "connection lost",
        "the connection to it broke; try again in a moment",
    ),
)
"""Pattern of the driver's text, name and words, for failures without a code: all those before a
session begins."""


def describe_failure(error: BaseException) -> str:
    """Return a sentence about a database's failure: its meaning, its remedy, its name.

    The sentence holds no part of the address and nothing that was written.
    """
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    kind = type(cause).__name__
    if isinstance(cause, OSError) and cause.filename:  # a file's path is no secret
        where = f"{cause.strerror}: {cause.filename}; look at DATA_DIR and DATABASE_URL"
        return f"The ledger's file can't be made: {where} ({kind})."
    if code is None:  # a server's text about a row may hold the row
        words, name = _find_by_text(str(cause)) or ("", kind)
    else:
        is_old = code == "SQLITE_ERROR" and re.match("no such (table|column)", str(cause))
        words = _find_owner(code, str(cause)) or _find_by_code("42703" if is_old else code)
        name = code if code.startswith("SQLITE") else f"{kind}, {code}"
    return f"The ledger's database failed{f': {words}' if words else ''} ({name})."


def _find_owner(code: str, text: str) -> str:
    """Return words for tables that belong to another user; empty for other failures."""
    if code == "42501" and "must be owner" in text:
        return "its tables belong to another user; run REASSIGN OWNED BY that user TO this one"
    if code == "42501" and re.search("denied for (table|relation)", text):
        return (
            "its tables belong to another user; run GRANT SELECT, INSERT, UPDATE, DELETE ON ALL"
            " TABLES IN SCHEMA public TO this user"
        )
    return ""


def _find_by_code(code: str) -> str:
    for beginning, words in (*SQLITE_WORDS.items(), *SQLSTATE_WORDS.items()):
        if code.startswith(beginning):
            return words
    return ""


def _find_by_text(text: str) -> tuple[str, str] | None:
    """Return words for a driver's text, and a name of the failure; None for an unknown text."""
    for pattern, name, words in TEXT_PATTERNS:
        if re.search(pattern, text):
            return words, name
    if match := re.search(".*(?:FATAL|ERROR|failed): +([ -~]+)", text):
        return re.sub(r"""(["']).*?\1""", "...", match[1])[:100], "refused"
    return None
