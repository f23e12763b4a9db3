"""Models on the Hugging Face Hub: downloaded by `huggingface_hub`, which keeps them in its cache."""

from __future__ import annotations

import re
from pathlib import Path

from narrows.errors import DownloadError, MissingExtraError, ModelNotFoundError, SettingError

PREFIX = "hf://"
_FILES = ["*.json", "*.safetensors", "README.md"]
_NAME = re.compile(r"(?P<model>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?/?")


def downloaded(address: str) -> Path:
    """Return the folder of a model "hf://USER/MODEL", or "hf://USER/MODEL@REVISION".

    Only the files of a narrows model are downloaded; a private model needs the token of `huggingface_hub`.

    Raises
    ------
    SettingError
        The address has another form.
    MissingExtraError
        `huggingface_hub` is not installed.
    ModelNotFoundError
        There is no such model or revision, or it may not be read.
    DownloadError
        The Hub cannot be reached.
    """
    found = _NAME.fullmatch(address.removeprefix(PREFIX))
    if found is None:
        raise SettingError(
            f"{address} is not an address of a model on the Hub; write hf://USER/MODEL, or hf://USER/MODEL@REVISION."
        )
    try:
        import huggingface_hub
        from huggingface_hub import errors
    except ImportError as error:
        raise MissingExtraError(
            "Models of the Hub need huggingface_hub, which is not installed; run pip install 'narrows[hub]'."
        ) from error
    try:
        folder = huggingface_hub.snapshot_download(found["model"], revision=found["revision"], allow_patterns=_FILES)
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise ModelNotFoundError(
            f"There is no model {address}, or you may not read it; check the name, or log in with hf auth login."
        ) from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DownloadError(f"{address} could not be downloaded ({reason}); check the network.") from error
    return Path(folder)
