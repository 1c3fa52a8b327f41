import optuna
from optuna.storages import InMemoryStorage

from evomerge.search.records.optuna_private import set_attributes


def test_a_trial_of_another_session_takes_attributes() -> None:
    storage = InMemoryStorage()
    optuna.create_study(storage=storage, study_name="s").ask()
    study = optuna.load_study(study_name="s", storage=storage)
    set_attributes(study, study.trials[0], {"a": 1, "b": [2]})
    assert study.trials[0].user_attrs == {"a": 1, "b": [2]}
