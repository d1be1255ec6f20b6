from __future__ import annotations

from pathlib import Path

import pytest

from slipway.oci.errors import CredentialInvalid
from slipway.oci.exchange.token_files import read_token


async def test_a_token_is_read_anew_each_time(tmp_path: Path) -> None:
    """Kubernetes replaces it every hour or so."""
    file = tmp_path / "token"
    file.write_text("first\n")
    assert await read_token(str(file)) == "first"
    file.write_text("second")
    assert await read_token(str(file)) == "second"


@pytest.mark.parametrize("content", [b"", b" \n", b"two\nlines", "tökén".encode(), b"\x00\x01"], ids=repr)
async def test_a_file_without_a_token_is_named(tmp_path: Path, content: bytes) -> None:
    """Its content is not."""
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(CredentialInvalid, match="holds no identity token") as caught:
        await read_token(str(file))

    assert str(file) in str(caught.value)


async def test_a_missing_file_says_what_to_check(tmp_path: Path) -> None:
    """The volume is what puts it there."""
    with pytest.raises(CredentialInvalid, match="projected volume"):
        await read_token(str(tmp_path / "nothing"))
