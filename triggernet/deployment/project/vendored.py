"""hls4ml's headers: those of the installed hls4ml, and the copies that lie in projects."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from triggernet.errors import ProjectError
from triggernet.results import digest_of


def vendored_headers() -> dict[str, Path]:
    """hls4ml's headers, by their path in a project; nothing of hls4ml is imported."""
    templates = hls4ml_templates()
    headers: dict[str, Path] = {}
    for root, pattern in (
        (templates / "vivado", "ap_types/**/*.h"),
        (templates / "vivado", "nnet_utils/*.h"),
        (templates / "vitis", "nnet_utils/*.h"),
    ):
        for path in sorted(root.glob(pattern)):
            headers[f"firmware/{path.relative_to(root).as_posix()}"] = path
    return headers


def hls4ml_templates() -> Path:
    """The folder of the installed hls4ml that holds its headers; ProjectError without hls4ml."""
    spec = importlib.util.find_spec("hls4ml")
    if spec is None or spec.origin is None:
        raise ProjectError(
            "the project lacks hls4ml's headers and hls4ml is not installed; install hls4ml, or "
            "write the project with its headers"
        )
    return Path(spec.origin).parent / "templates"


def header_contents() -> dict[str, bytes]:
    """The headers themselves, by their path in a project; ProjectError without hls4ml."""
    return {path: source.read_bytes() for path, source in vendored_headers().items()}


def headers_digest() -> str:
    """Of the headers of the installed hls4ml; ProjectError without hls4ml."""
    return digest_of(header_contents())
