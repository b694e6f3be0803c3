"""Jets: generated, mocked or read; as four-momenta and as the integers of the trigger."""

from triggernet.data.conversion import convert
from triggernet.data.encoding import (
    Decoded,
    Encoded,
    EncodingConfig,
    decode,
    encode,
    to_laboratory,
)
from triggernet.data.jets import Jets
from triggernet.data.mock import mock_jets
from triggernet.data.readers.columns import load_columns
from triggernet.data.readers.compact import compact_encoding, save_compact
from triggernet.data.readers.formats import load_jets
from triggernet.data.readers.native import save_jets
from triggernet.data.readers.stored import StoredJets, iterate_jets, stored_jets
from triggernet.data.samples import sample_path

__all__ = [
    "Decoded",
    "Encoded",
    "EncodingConfig",
    "Jets",
    "StoredJets",
    "compact_encoding",
    "convert",
    "decode",
    "encode",
    "iterate_jets",
    "load_columns",
    "load_jets",
    "mock_jets",
    "sample_path",
    "save_compact",
    "save_jets",
    "stored_jets",
    "to_laboratory",
]
