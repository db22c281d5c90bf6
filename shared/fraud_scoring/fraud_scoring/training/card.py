"""The model card: what a reviewer must know, in Markdown, made from the metadata."""

from fraud_scoring.artifacts.metadata import Metadata

_PURPOSE = {
    "isolation_forest": "how unusual a payment is among all payments (unsupervised)",
    "autoencoder": "how badly a payment fits what legitimate payments look like",
    "xgboost": "the probability that a payment is fraudulent (supervised)",
    "lightgbm": "the probability that a payment is fraudulent (supervised)",
}
_LIMITS = """\
- It was taught on payments of the period above; habits change, so watch drift and retrain.
- Frauds that nobody had reported when training began count as legitimate in training.
- Features {beyond}more than {z:g} standard deviations from their
  mean are listed with each score: treat such scores with care.
- The score is one signal among several. It must not be the only ground for a decision
  with legal effect on a person.
"""


def model_card(metadata: Metadata) -> str:
    """The content of `model_card.md`."""
    training = metadata.training
    figures = "\n".join(
        f"| {name} | {value:.4f} |" for name, value in sorted(metadata.metrics.items())
    )
    important = sorted(metadata.importance.items(), key=lambda item: -item[1])[:15]
    ranking = "\n".join(f"| `{name}` | {share:.4f} |" for name, share in important)
    parameters = "\n".join(
        f"- `{name}`: {value}" for name, value in sorted(metadata.parameters.items())
    )
    libraries = ", ".join(f"{n} {v}" for n, v in sorted(metadata.libraries.items()))
    ranged = any(low is not None for low in metadata.statistics.minimum)
    beyond = "outside their training range and " if ranged else ""
    return f"""\
# Model card: {metadata.name}

{metadata.algorithm}. It says {_PURPOSE[metadata.source]}; the raw figure is
`{metadata.raw_name}`, the published one lies between 0 and 1.

## Training

- Trained at {training.trained_at:%Y-%m-%d %H:%M} UTC, seed {training.seed}.
- {training.rows:,} payments, {training.frauds:,} of them known frauds, from
  {training.first_payment:%Y-%m-%d} to {training.last_payment:%Y-%m-%d}.
- Data version `{training.data_version}`; label delay {training.label_delay_days:g} days.
- {training.unknown_share:.0%} of the rows were stripped of velocity, profile and risk, so
  that the model knows what an unreachable online store looks like.
- Features: {len(metadata.features)} of set `{metadata.feature_set.name}` version
  {metadata.feature_set.version} (`{metadata.feature_set.hash[:12]}`).
- Libraries: {libraries}.

## Figures on later payments, never seen in training

| figure | value |
|---|---|
{figures}

## What matters most

| feature | share |
|---|---|
{ranking}

## Parameters

{parameters}

## Limits

{_LIMITS.format(z=metadata.ood_z, beyond=beyond)}"""
