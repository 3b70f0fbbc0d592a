"""The shop as a WSGI application, with an empty database in memory."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "django_shop.settings"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.db import connection

from django_shop.models import Customer, Order

with connection.schema_editor() as editor:
    editor.create_model(Customer)
    editor.create_model(Order)
