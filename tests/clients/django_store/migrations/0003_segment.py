"""What a later release changes in columns and in data, in one transaction."""

from django.db import migrations, models


def change_data(apps, schema_editor):
    """Write what scoring reads, and complain, before the table is altered again."""
    customers = apps.get_model("django_store", "Customer")
    customers.objects.filter(name="customer 12").update(usage=models.F("usage") + 1)
    last = customers.objects.get(name="customer 12")
    last.complaints.create(reference="of the migration")


class Migration(migrations.Migration):
    """What ``makemigrations`` has written, and a change of the data by hand."""

    dependencies = [("django_store", "0002_email")]
    operations = [
        migrations.RunPython(change_data),
        migrations.AddField(
            model_name="customer",
            name="segment",
            field=models.CharField(db_default="", default="", max_length=10),
        ),
    ]
