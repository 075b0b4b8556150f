"""The store's tables, before a DBA attaches them."""

import django.db.models.deletion
import django.db.models.functions
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """What ``makemigrations`` has written."""

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("plan", models.CharField(max_length=20)),
                ("usage", models.FloatField()),
                (
                    "version",
                    models.IntegerField(db_default=0, default=0, editable=False),
                ),
                (
                    "revision",
                    models.IntegerField(db_default=0, default=0, editable=False),
                ),
            ],
            options={"db_table": "customers"},
        ),
        migrations.CreateModel(
            name="Complaint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="complaints",
                        to="django_store.customer",
                    ),
                ),
                ("reference", models.CharField(max_length=40, unique=True)),
                ("text", models.TextField(db_default="", default="")),
                (
                    "complained_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.Now(),
                        default=django.utils.timezone.now,
                    ),
                ),
            ],
            options={"db_table": "complaints"},
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("usage__gte", 0)), name="usage_valid"
            ),
        ),
    ]
