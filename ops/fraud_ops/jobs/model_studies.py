"""What a worker says of models: the governance dossier, and how far payments have moved."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fraud_ops.datasets.source import dataset_uri
from fraud_ops.jobs.worker import Handler, Progress
from fraud_ops.models import context
from fraud_ops.models.context import RegistryContext
from fraud_ops.models.dossier import dossier
from fraud_ops.retrain.runs import RunStore
from fraud_ops.running import CommandError
from fraud_post_auth.dataset import DatasetDamaged, DatasetMissing, DatasetStore
from fraud_post_auth.drift import NotEnough, measure


def handlers(place: RegistryContext) -> dict[str, Handler]:
    """The studies of models in a registry, and of the mesh's newest dataset."""
    uri = dataset_uri(place.mesh, "")

    def of_model(given: Mapping[str, Any], _: Progress) -> dict[str, Any]:
        version = context.resolve(
            place.registry, given["model"], given["model_version"]
        )
        artifact = place.registry.load(given["model"], version)
        store, problems = DatasetStore(uri), None
        with contextlib.suppress(DatasetMissing):
            data = store.find(artifact.metadata.training.data_version)
            problems = store.problems(data)
        text = dossier(
            artifact,
            place.registry.aliases(given["model"]),
            RunStore(place.where, uri).all(),
            problems,
            datetime.now(UTC),
        )
        return {"model": given["model"], "version": version, "markdown": text}

    def of_payments(_: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        store = DatasetStore(uri)
        try:
            version = store.find("newest")
            progress.at("read data", 0.1)
            found = measure(store.read(version))
        except DatasetMissing:
            raise CommandError("there is no dataset yet") from None
        except (NotEnough, DatasetDamaged) as error:
            raise CommandError(f"the newest dataset: {error}") from None
        return {"data_version": version.version, **found.to_dict()}

    return {"dossier": of_model, "drift": of_payments}
