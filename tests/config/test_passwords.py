"""Passwords and keys that are guessed first are refused, and no others."""

import random
import string
import sys
from urllib.parse import urlencode

import pytest

from affiliate.config.passwords import is_guessed, read_password, read_secret_key
from affiliate.errors import ConfigError
from app import load

KEY = "a secret of no less than thirty-two signs"
GUESSED = """
password Passw0rd P@ssw0rd1! password123 12345678 87654321 11111111 aaaaaaaaaaaaaaaaaaaa
abcabcabcabc qwertyuiop QWERTY123456 1qaz2wsx3edc zxcvbnm123 asdfghjkl; iloveyou trustno1 letmein1
sunshine1 monkey1234 dragonfly football1 baseball superman123 swordfish hunter22 hunter2hunter2
Welcome2026 Winter2026! Summer2025 Passwort123! geheim123 motdepasse1 contrasena1 admin123 abcdefgh
!!!password!!! 2026password 01.01.1990 1990-12-31 20261128 passwordpassword shutterstock affiliate1
affiliatesearch admin2026 Owner2026 changeme change-me <password> YOUR_PASSWORD michael1 jennifer99
""".split()
GUESSED += ["\u043f\u0430\u0440\u043e\u043b\u044c1", "\u0439\u0446\u0443\u043a\u0435\u043d12"]
GUESSED += ["\u5bc6\u7801" * 4]
CATS = "\u732b\u304c\u597d\u304d\u3067\u3059\u3088\u306d"
GOOD = ["pass word", "correct horse", "correct horse battery staple", "kx9mQ2w7", "Tr0ub4dor&3"]
GOOD += ["p\u00e4ss auf dich auf", CATS, "x" + "%^&*({:>?@#" * 3, "8241-7793-0655"]
GOOD += ["monkey of 4,711 hills", "password of the owner", "\U0001f408 und \U0001f6b2 im Regen"]


def test_passwords_that_are_guessed_first_are_refused() -> None:
    """Lists of leaked ones, keyboards, dates, repetitions, and a common one with digits behind."""
    assert [text for text in GUESSED if not _is_refused(text)] == []


def _is_refused(text: str) -> bool:
    try:
        read_password(text)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("text", [*GOOD, "correct horse " * 18])
def test_other_passwords_are_taken_as_they_are(text: str) -> None:
    assert read_password(text).reveal() == text


def test_a_password_has_room_in_the_form_of_the_log_in() -> None:
    """Its longest takes 3 kB there."""
    longest = "".join(chr(0x1F400 + number * 7 % 256) for number in range(256))
    assert read_password(longest).reveal() == longest
    assert len(urlencode({"password": longest})) < 3100
    with pytest.raises(ValueError, match="at most 256 characters"):
        read_password("correct horse battery" * 13)


def test_the_site_s_own_names_are_no_password() -> None:
    """Whoever guesses knows them; with other words beside them they are one."""
    site = {"SITE_NAME": "Zwetschge & Quitte", "SITE_URL": "https://quittenbaum.example"}
    for text in ("Zwetschge1", "zwetschgequitte", "quittenbaum!", "Quittenbaum2026"):
        with pytest.raises(ConfigError, match="OWNER_PASSWORD must be another one") as caught:
            load({**site, "SECRET_KEY": KEY, "OWNER_PASSWORD": text})
        assert text not in str(caught.value)
        assert not is_guessed(text)
    taken = load({**site, "SECRET_KEY": KEY, "OWNER_PASSWORD": "Quitten im Herbstwind"})
    assert taken.owner_password


def test_lists_of_passwords_take_no_memory_after_the_start() -> None:
    """They are read anew where another password is judged."""
    load({"SECRET_KEY": KEY, "OWNER_PASSWORD": "pass word"})
    assert not [name for name in sys.modules if name.startswith("zxcvbn")]
    assert is_guessed("trustno1")


TRIVIAL = [
    "password" * 4,
    "abcdefghijklmnopqrstuvwxyz123456",
    "qwertyuiopasdfghjklzxcvbnm123456",
    "passwordpasswordpassword12345678",
    "12345678901234567890123456789012345",
    "secretsecretsecretsecretsecretsecret!",
    "iloveyouiloveyouiloveyouiloveyou1",
]


@pytest.mark.parametrize("text", TRIVIAL)
def test_keys_that_people_make_up_in_a_hurry_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be 32 random characters"):
        read_secret_key(text)


def test_keys_that_programs_make_are_taken() -> None:
    """However long they are."""
    draw = random.Random(4711)
    signs = string.ascii_letters + string.digits + string.punctuation
    for length in (32, 64, 5000):
        text = "".join(draw.choices(signs, k=length))
        assert read_secret_key(text).reveal() == text
