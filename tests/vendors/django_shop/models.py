"""Customers and their orders."""
# mypy: disable-error-code="misc"  # the framework comes without types, so that every base class is Any

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Customer(AbstractBaseUser):
    """A customer, who is known by an e-mail address; ``cart`` is how many things are in the cart."""

    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    cart = models.IntegerField(default=0)

    objects = BaseUserManager()
    USERNAME_FIELD = "email"


class Order(models.Model):
    """An order of a customer."""

    class Status(models.TextChoices):
        """What can become of an order."""

        PAID = "paid"
        AWAITING_PAYMENT = "awaiting_payment"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.AWAITING_PAYMENT)
    created = models.DateTimeField()
