"""What an export says of the model that it is of."""

from smtrain.exports.interface import Portable
from smtrain.version import __version__


def stamp(portable: Portable) -> dict[str, str]:
    """The version of smtrain, and the SHA-256 of the model's file."""
    return {"smtrain": __version__, "model_sha256": portable.sha256}
