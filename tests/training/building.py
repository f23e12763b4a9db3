"""Settings for tests: everything but what a test is about."""

from narrows.training import TrainingSettings


def settings(optimizer: str, **others) -> TrainingSettings:
    given = {
        "optimizer": optimizer,
        "learning_rate": "auto",
        "momentum": 0.9,
        "weight_decay": "auto",
        "schedule": "constant",
        "warmup": 0.0,
        "batch_size": 8,
        "epochs": 1,
        "early_stopping": False,
        "patience": 5,
        "tol": 0.0,
        "clip_norm": None,
        "precision": "float32",
        "n_rows": 100,
        "n_parameters": 10,
    }
    return TrainingSettings.resolve(**(given | others))
