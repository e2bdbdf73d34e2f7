import pytest

from mentions.tests import factories


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", [n for n in dir(factories) if n.endswith("Factory") and n not in ("DjangoModelFactory",)]
)
def test_every_factory_makes_a_row_that_passes_validation(name):
    factory = getattr(factories, name)
    row = factory()
    row.full_clean()
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.django_db
def test_user_of_a_role_has_its_rights():
    assert factories.UserFactory(role="advocate").has_perm("mentions.play_ticket")
    assert factories.UserFactory(role="admin").has_perm("channels.replay_inbounditem")
    assert not factories.UserFactory(role="volunteer").has_perm("mentions.delete_reply")
    assert not factories.UserFactory().has_perm("mentions.play_ticket")
