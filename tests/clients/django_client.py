"""The store by Django: ``django_client.py create``; once it is attached, ``use MODE``.

Prints how many complaints each customer has, as JSON.
"""

import io
import json
import os
import sys
import unittest

import django
from django.conf import settings

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            "USER": os.environ["PGUSER"],
            "PASSWORD": os.environ["PGPASSWORD"],
        }
    },
    INSTALLED_APPS=["django_store"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import DatabaseError, connection, transaction  # noqa: E402
from django.db.models import F, FloatField  # noqa: E402
from django.db.models.expressions import RawSQL  # noqa: E402
from django.test import TestCase  # noqa: E402
from django_store.models import Complaint, Customer, Score  # noqa: E402

SCORE = RawSQL('churn.score("customers")', (), output_field=FloatField())
PGCHURN_COLUMNS = ("complaint_count", "churn_score", "churn_model_version")


def customer(number):
    return Customer.objects.get(name=f"customer {number}")


def history(of):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM customer_history WHERE customer_id = %s", [of.id]
        )
        return cursor.fetchone()[0]


def assert_fresh(inline):
    """See the scores as typed columns, and those that are computed in the query."""
    computed = dict(Customer.objects.annotate(now=SCORE).values_list("id", "now"))
    scores = Score.objects.select_related("customer")
    for score in scores.exclude(customer__name="closed"):
        assert score.complaint_count == score.customer.complaints.count(), score.pk
        if inline:
            assert abs(score.churn_score - computed[score.pk]) < 1e-9, score.pk


def migrate():
    """Change the attached table as a release of the application does."""
    call_command("migrate", verbosity=0)
    call_command("makemigrations", check=True, dry_run=True, stdout=sys.stderr)


def inspect():
    """Have Django write models of the tables, and use them."""
    written = io.StringIO()
    call_command("inspectdb", stdout=written)
    text = written.getvalue()
    assert "Unable to inspect" not in text and "guess" not in text, text
    for name in PGCHURN_COLUMNS:
        assert f"    {name} = models." in text, text
    text = text.replace(
        "    class Meta:", "    class Meta:\n        app_label = 'seen'"
    )
    # Of a module that is there, as Django asks.
    seen = {"__name__": "django_store"}
    exec(text, seen)
    return seen["Customers"]


def complain(inline):
    first = customer(1)
    before = history(first)
    first.complaints.create(reference="one", text="slow")
    assert history(first) == before + 1
    Complaint(customer=first, reference="two").save()

    Complaint.objects.bulk_create(
        [
            Complaint(customer=customer(2 + i % 4), reference=f"bulk {i}")
            for i in range(50)
        ],
        batch_size=20,
    )
    again = [Complaint(customer=customer(6), reference=f"bulk {i}") for i in (3, 50)]
    Complaint.objects.bulk_create(again, ignore_conflicts=True)
    # Takes two complaints of others: the customer is what is updated.
    again = [Complaint(customer=customer(6), reference=f"bulk {i}") for i in (4, 5, 51)]
    Complaint.objects.bulk_create(
        again,
        update_conflicts=True,
        unique_fields=["reference"],
        update_fields=["customer"],
    )
    for _ in range(2):
        Complaint.objects.get_or_create(
            reference="got", defaults={"customer": customer(7)}
        )
    for number in (7, 8):
        Complaint.objects.update_or_create(
            reference="put", defaults={"customer": customer(number)}
        )
    assert_fresh(inline)


def change_customers(inline):
    first = customer(1)
    first.usage = 33
    first.save()
    first.refresh_from_db()
    assert first.usage == 33 and first.version == 1
    Customer.objects.filter(name__in=["customer 2", "customer 3"]).update(
        usage=F("usage") + 1, plan="c"
    )
    with transaction.atomic():
        locked = Customer.objects.select_for_update().get(name="customer 4")
        locked.complaints.create(reference="while locked")
        locked.usage = F("usage") * 2
        locked.save(update_fields=["usage"])
        assert locked.score.complaint_count == locked.complaints.count()
    # Optimistic locking by hand: what complaints write is no change of the version.
    stale = customer(5)
    stale.complaints.create(reference="in between")
    of_version = Customer.objects.filter(id=stale.id, version=stale.version)
    assert of_version.update(usage=12) == 1
    assert of_version.update(usage=13) == 0
    several = list(Customer.objects.filter(name__in=["customer 9", "customer 10"]))
    for one in several:
        one.usage += 0.5
    assert Customer.objects.bulk_update(several, ["usage"]) == 2
    made = Customer.objects.create(name="new", plan="a", usage=1)
    assert Score.objects.get(pk=made.pk).complaint_count == 0
    assert_fresh(inline)


def overwrite(customers):
    """Save a row of a model that has every column, with counters from long ago."""
    stale = customers.objects.get(name="customer 6")
    customer(6).complaints.create(reference="after it was read")
    stale.churn_score = 0.123
    stale.save()
    customers.objects.bulk_create(
        [
            customers(
                name="whole",
                plan="b",
                usage=2,
                email="",
                segment="",
                version=0,
                revision=0,
                complaint_count=0,
            )
        ]
    )


def complain_before_the_customer_is_there():
    with transaction.atomic():
        Complaint.objects.create(customer_id=500, reference="early")
        Customer.objects.create(id=500, name="late", plan="b", usage=3)


def undo_in_part():
    with transaction.atomic():
        customer(7).complaints.create(reference="kept")
        try:
            with transaction.atomic():
                customer(7).complaints.create(reference="undone")
                Customer.objects.filter(name="customer 7").update(usage=99)
                raise LookupError
        except LookupError:
            pass
        customer(8).complaints.create(reference="kept as well")


def hear_of_what_is_refused():
    heard = []
    # Read at once: the notice is gone when its statement is.
    connection.connection.add_notice_handler(
        lambda notice: heard.append((notice.severity, notice.message_detail))
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                customer(9).complaints.create(reference="refused", text="abuse")
        except DatabaseError as error:
            assert error.__cause__.sqlstate == "ST001", error
        else:
            raise AssertionError("not refused")
        customer(9).complaints.create(reference="after the refusal")
    assert heard == []
    Customer.objects.get(name="closed").complaints.create(reference="closed")
    assert heard == [("WARNING", "the file is closed")], heard


def delete(inline):
    Complaint.objects.get(reference="two").delete()
    assert Complaint.objects.filter(customer=customer(2)).delete()[0] > 10
    customer(3).delete()
    moved = Complaint.objects.filter(customer=customer(4))
    assert moved.update(customer=customer(11)) > 5
    assert not Customer.objects.filter(name="customer 3").exists()
    assert_fresh(inline)


def empty_all_tables():
    """Truncate them as Django does between tests that are not rolled back."""
    tables = connection.introspection.django_table_names(only_existing=True)
    with transaction.atomic():
        flush = connection.ops.sql_flush(no_style(), tables, reset_sequences=True)
        connection.ops.execute_sql_flush(flush)
        made = Customer.objects.create(name="after", plan="a", usage=1)
        made.complaints.create(reference="after")
        assert made.id == made.score.complaint_count == 1
        transaction.set_rollback(True)


def read_in_pieces():
    with transaction.atomic():
        scored = Customer.objects.annotate(now=SCORE).order_by("id")
        pieces = list(scored.iterator(chunk_size=3))
    assert len(pieces) == Customer.objects.count()
    assert all(0 < one.now < 1 for one in pieces)


class Rolled(TestCase):
    """Tests as Django has them, each in a transaction that is rolled back."""

    @classmethod
    def setUpTestData(cls):
        cls.customer = Customer.objects.create(name="tested", plan="a", usage=1)

    def test_a_complaint(self):
        self.customer.complaints.create(reference="tested")
        self.assertEqual(Score.objects.get(pk=self.customer.pk).complaint_count, 1)

    def test_another(self):
        with self.captureOnCommitCallbacks():
            self.customer.complaints.create(reference="tested")
        self.assertEqual(Score.objects.get(pk=self.customer.pk).complaint_count, 1)


def run_tests():
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(Rolled)
    done = unittest.TextTestRunner(stream=io.StringIO()).run(tests)
    assert done.testsRun == 2 and done.wasSuccessful(), (done.failures, done.errors)
    assert not Customer.objects.filter(name="tested").exists()


def use(mode):
    inline = mode == "inline"
    migrate()
    seen = inspect()
    complain(inline)
    change_customers(inline)
    overwrite(seen)
    complain_before_the_customer_is_there()
    undo_in_part()
    hear_of_what_is_refused()
    delete(inline)
    read_in_pieces()
    run_tests()
    empty_all_tables()
    kept = {one.name: one.complaints.count() for one in Customer.objects.all()}
    print(json.dumps(kept))


if __name__ == "__main__":
    if sys.argv[1] == "create":
        call_command("migrate", "django_store", "0001", verbosity=0)
    else:
        use(sys.argv[2])
