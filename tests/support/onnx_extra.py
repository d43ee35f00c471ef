"""Tests of the models that come with ``docpager[onnx]`` run where it is installed."""

import pytest

from docpager.errors import ConfigurationError
from docpager.models.onnx import BgeSmallEmbedder, CrossEncoder


def needs_onnx(model: BgeSmallEmbedder | CrossEncoder) -> None:
    """Skips the test where the extra is not installed."""
    try:
        model.require()
    except ConfigurationError as error:
        pytest.skip(str(error))
