"""Addresses and keys that are examples are refused; what may be real is not."""

import pytest

from affiliate.config import readers
from affiliate.errors import ConfigError
from app import load

GAPS = """
[YOUR-PASSWORD] [your-password] <password> <PASSWORD> <ENTER-SQL-USER-PASSWORD> {password}
{your_password} ${PGPASSWORD} ${{POSTGRES_PASSWORD}} YOUR_PASSWORD your-password yourpassword
YOUR_DB_PASSWORD your_database_password YOUR-REDIS-PASSWORD <your-password> **** ************
\u2022\u2022\u2022\u2022\u2022\u2022\u2022\u2022 xxxx XXXXXXXX PASSWORD PASS DB_PASSWORD
randompassword ... %password%
my_your_secret insert-password-here enter_your_password put-your-password-here
password_here <redacted> redacted [hidden]
""".split()
REAL = """
postgres password secret changeme example hunter2 p s3cr3t your yours pass word x xx 0 1234
AVNS_abcDEF npg_9aBc pscale_pw_abc [abc abc] p<q>r Your2Dogs token admin key-of-mine
""".split()


def list_faults(name: str, text: str) -> list[str]:
    try:
        load({name: text})
    except ConfigError as error:
        return error.faults
    return []


@pytest.mark.parametrize("password", GAPS)
def test_a_password_that_a_page_shows_in_place_of_the_owner_s_is_refused(password: str) -> None:
    """The sentence says which part it is and repeats none, wherever the address has it."""
    quoted = password.replace("%", "%25").replace("#", "%23").replace("/", "%2F")
    encoded = quoted.replace("[", "%5B").replace("]", "%5D").replace("<", "%3C")
    for text in (quoted, encoded):
        for name, address in (
            ("DATABASE_URL", f"postgresql://postgres:{text}@db.abc.supabase.co:5432/postgres"),
            ("DATABASE_URL", f"postgres://a.example/d?user=u&password={text}"),
            ("REDIS_URL", f"redis://default:{text}@redis-1.example:6379"),
            ("REDIS_URL", f"rediss+sentinel://:{text}@a.example:26379/shop"),
        ):
            (fault,) = list_faults(name, address)
            assert fault.startswith(f"{name} must hold your own password, not the placeholder")


@pytest.mark.parametrize("password", REAL)
def test_a_password_that_may_be_real_is_taken(password: str) -> None:
    """Simple words are passwords of databases on many a developer's machine."""
    text = password.replace("[", "%5B").replace("]", "%5D")
    assert list_faults("DATABASE_URL", f"postgresql://postgres:{text}@localhost/d") == []
    assert list_faults("REDIS_URL", f"redis://default:{text}@db:6379/0") == []


EXAMPLES = {
    "postgres://user:pass@host:5432/db": "password",
    "postgresql://user:password@hostname/dbname": "password",
    "postgresql://u:secret@your-host/d": "password",
    "postgresql://johndoe:randompassword@localhost:5432/mydb?schema=public": "password",
    "postgresql://<user>:hunter2@a.example/d": "user",
    "postgresql://your_username:hunter2@a.example/d": "user",
    "postgresql://USER:hunter2@a.example/d": "user",
    "postgresql://u:hunter2@<host>/d": "host",
    "postgresql://u:hunter2@your-db-host/d": "host",
    "postgresql://u:hunter2@HOST/d": "host",
    "postgresql://u:hunter2@a.example/<dbname>": "database",
    "postgresql://u:hunter2@a.example/your_database": "database",
    "redis://:password@host:6379": "password",
    "redis://user:pass@redis-host:6379/0": "password",
    "redis://<host>:6379": "host",
}


@pytest.mark.parametrize("address", EXAMPLES)
def test_examples_of_manuals_are_refused(address: str) -> None:
    """Whichever part of it is a gap is named."""
    name = "REDIS_URL" if address.startswith("redis") else "DATABASE_URL"
    (fault,) = list_faults(name, address)
    assert fault.startswith(f"{name} must hold your own {EXAMPLES[address]}, ")


def test_hosts_without_an_example_s_password_are_taken() -> None:
    """A host may well be called so in a network of containers."""
    assert list_faults("DATABASE_URL", "postgres://site:hunter2@host:5432/db") == []
    assert list_faults("REDIS_URL", "redis://host:6379") == []
    assert list_faults("REDIS_URL", "redis://:password@redis-server:6379") == []


KEYS = ["YOUR_TOKEN", "<token>", "[your api key]", "xxxxxxxx", "****", "your-shutterstock-token"]
KEYS += ["a b", "to\u200bken", "t\u00f6ken", 'token"', "to\nken", "\u201ctoken"]


@pytest.mark.parametrize("text", KEYS)
def test_a_key_that_can_t_be_an_agency_s_is_refused(text: str) -> None:
    """Its value is repeated nowhere."""
    (fault,) = list_faults("SHUTTERSTOCK_API_TOKEN", text)
    assert fault.startswith("SHUTTERSTOCK_API_TOKEN must be ")
    assert text not in fault


def test_what_people_type_may_be_of_any_script() -> None:
    assert readers.read_credential('p\u00e4ss "word"', is_typed=True).reveal() == 'p\u00e4ss "word"'
    for text in ("pass\x01word", "<password>"):
        with pytest.raises(ValueError, match="must be"):
            readers.read_credential(text, is_typed=True)
