import gc

import pytest
from django.apps import AppConfig

from advocacy import celery


@pytest.fixture(autouse=True)
def as_before():
    yield
    gc.enable()


def test_apps_are_loaded_without_looking_for_garbage_and_left_alone_afterwards():
    config = AppConfig.create("advocacy.apps.AdvocacyConfig")
    assert not gc.isenabled()
    gc.unfreeze()
    config.ready()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 100_000


def test_pool_processes_share_all_that_their_worker_has_loaded():
    gc.unfreeze()
    celery.share_what_is_loaded()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 100_000
