"""What a later release changes, once the tables are attached."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What ``makemigrations`` has written."""

    dependencies = [("django_store", "0001_tables")]
    operations = [
        migrations.AddField(
            model_name="customer",
            name="email",
            field=models.EmailField(db_default="", default="", max_length=254),
        ),
        migrations.AlterField(
            model_name="customer",
            name="plan",
            field=models.CharField(max_length=40),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["email"], name="customers_email"),
        ),
        migrations.CreateModel(
            name="Score",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        db_column="id",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="score",
                        serialize=False,
                        to="django_store.customer",
                    ),
                ),
                ("complaint_count", models.BigIntegerField()),
                ("last_complaint_at", models.DateTimeField(null=True)),
                ("churn_score", models.FloatField(null=True)),
                ("churn_model_version", models.BigIntegerField(null=True)),
            ],
            options={"db_table": "customers", "managed": False},
        ),
    ]
