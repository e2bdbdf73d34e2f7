"""Addresses that admins entered before addresses had to be verified stay good for resetting a password. What somebody
has added to their account themselves without verifying it does not."""

from django.conf import settings
from django.db import migrations

FORWARDS = """
INSERT INTO account_emailaddress (user_id, email, verified, "primary")
SELECT u.id, lower(u.email), true, true
  FROM auth_user u
 WHERE u.email <> '' AND u.is_active
   AND (SELECT count(*) FROM auth_user other WHERE lower(other.email) = lower(u.email)) = 1
   AND NOT EXISTS (SELECT 1 FROM account_emailaddress a WHERE a.user_id = u.id)
   AND NOT EXISTS (SELECT 1 FROM account_emailaddress a WHERE a.email = lower(u.email) AND a.verified)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mentions", "0008_unreadable"),
        ("account", "0009_emailaddress_unique_primary_email"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
