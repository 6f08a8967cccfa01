"""What an export says of the model that it is of."""

from importlib.metadata import version

from smtrain.exports.interface import Portable


def stamp(portable: Portable) -> dict[str, str]:
    """The version of smtrain, and the SHA-256 of the model's file."""
    return {"smtrain": version("smtrain"), "model_sha256": portable.sha256}
