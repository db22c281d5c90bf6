"""Making artefacts: used where models are trained, never imported by a serving process."""
