"""File names hold what the pattern says, in characters that every file system takes."""

import pytest

from affiliate.errors import BadQuery
from affiliate.licensing.files.filenames import FilenamePattern
from tests.support.records import record


def test_the_default_names_image_size_and_license() -> None:
    """Without a pattern a name tells every license apart."""
    assert FilenamePattern(unique=True).build_stem(record()) == "123-huge-e1f"


def test_every_field_has_its_value() -> None:
    """All fields can be used, and words between them."""
    text = "{date}_{user}.{media}-{license}-{media_id}-{size}-{license_id}"
    stem = FilenamePattern(text).build_stem(record(username="José 猫"))
    assert stem == "2026-03-01_Jose.image-standard-123-huge-e1f"


@pytest.mark.parametrize(
    ("value", "stem"),
    [
        ("../../etc/passwd", "etc-passwd-1"),
        ("a\\b:c*d?e", "a-b-c-d-e-1"),
        (".hidden", "hidden-1"),
        ("\0\n", "1"),
        ("{id}", "id-1"),
        ("con", "con-1"),
    ],
)
def test_no_value_leaves_the_folder(value: str, stem: str) -> None:
    """Slashes, leading dots, control characters and braces of a value are no part of a name."""
    assert (
        FilenamePattern("{user}-{media_id}").build_stem(record(username=value, media_id="1"))
        == stem
    )


def test_devices_and_empty_names_are_no_names() -> None:
    """A name that Windows keeps for a device, or an empty one, gets an underscore before it."""
    assert FilenamePattern("{media_id}").build_stem(record(media_id="con")) == "_con"
    assert FilenamePattern("{media_id}").build_stem(record(media_id="猫")) == "_"


def test_long_values_are_cut() -> None:
    """Whatever the agency sends, a name is short enough for a file system."""
    stem = FilenamePattern("{user}{license}{media_id}-{license_id}").build_stem(
        record(username="u" * 500, license="l" * 500)
    )
    assert len(stem) <= 200


PATTERNS = ["{license_id}", "{user}{license}{media_id}-{license_id}", "{media_id}-{license_id}"]


@pytest.mark.parametrize("text", PATTERNS)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eAb", "eaB"),
        ("e" * 90 + "1", "e" * 90 + "2"),
        ("e/1", "e.1"),
        ("e猫", "e犬"),
        ("e1", "e1-"),
        ("\ud800", "\udfff"),
    ],
)
def test_no_two_licenses_share_a_name(text: str, one: str, other: str) -> None:
    """Nor do they where upper and lower case are the same, or where names are cut."""
    more = {"username": "u" * 500, "license": "l" * 500, "media_id": "m" * 500}
    stems = {
        FilenamePattern(text, unique=True).build_stem(record(id=name, **more))
        for name in (one, other)
    }
    assert len({stem.casefold() for stem in stems}) == 2
    assert all(len(stem) <= 200 for stem in stems)


@pytest.mark.parametrize(
    ("text", "unique", "says"),
    [
        ("{nothing}", False, "{nothing} is no field"),
        ("{media_id.__class__}", False, "is no field"),
        ("photo", False, "must hold {license_id} or {media_id}"),
        ("{media_id}-{size}", True, "must hold {license_id}"),
    ],
)
def test_a_pattern_that_names_badly_is_refused(text: str, unique: bool, says: str) -> None:  # noqa: FBT001
    """Unknown fields, and patterns by which one file would take another's name, are refused."""
    with pytest.raises(BadQuery, match="name: ") as caught:
        FilenamePattern(text, unique=unique)
    assert says in caught.value.reason
