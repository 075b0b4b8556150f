"""The store's tables; what it reads of pgchurn's columns is a model of its own."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class Customer(models.Model):
    """A customer, without what pgchurn keeps: save() writes every field."""

    name = models.CharField(max_length=100, unique=True)
    plan = models.CharField(max_length=40)
    usage = models.FloatField()
    email = models.EmailField(db_default="", default="")
    segment = models.CharField(max_length=10, db_default="", default="")
    version = models.IntegerField(db_default=0, default=0, editable=False)
    revision = models.IntegerField(db_default=0, default=0, editable=False)

    class Meta:
        db_table = "customers"
        constraints = [
            models.CheckConstraint(condition=models.Q(usage__gte=0), name="usage_valid")
        ]
        indexes = [models.Index(fields=["email"], name="customers_email")]


class Complaint(models.Model):
    """A complaint; its constraint is checked at commit, as Django makes them."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="complaints"
    )
    reference = models.CharField(max_length=40, unique=True)
    text = models.TextField(default="", db_default="")
    complained_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        db_table = "complaints"


class Score(models.Model):
    """What pgchurn keeps about a customer, to be read."""

    customer = models.OneToOneField(
        Customer,
        on_delete=models.DO_NOTHING,
        primary_key=True,
        db_column="id",
        related_name="score",
    )
    complaint_count = models.BigIntegerField()
    last_complaint_at = models.DateTimeField(null=True)
    churn_score = models.FloatField(null=True)
    churn_model_version = models.BigIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "customers"
