"""Images that a change concerns."""

import pytest

from fraud_ops.deploy.call_graph import DEPLOYED
from fraud_ops.deploy.changed import TRAIN, changed_services

ALL = [*DEPLOYED, TRAIN]


@pytest.mark.parametrize(
    ("paths", "images"),
    [
        (["services/rules/fraud_rules/app.py"], ["rules", TRAIN]),
        (["docs/runbook.md", "README.md", "lab/fraud_lab/cli.py"], []),
        (["ops/fraud_ops/cli.py"], [TRAIN]),
        (["shared/fraud_shared/fraud_shared/errors.py"], ALL),
        (["requirements.lock"], ALL),
        (["services/console/fraud_console/app.py"], ["console", TRAIN]),
        (["clients/python/fraud_client/errors.py"], ALL),
        (["deploy/docker/Dockerfile", "services/rules/README.md"], ALL),
        (["services/unheard_of/app.py"], ALL),
    ],
)
def test_changed_files_lead_to_the_images_that_hold_them(paths, images):
    assert changed_services(paths) == images
