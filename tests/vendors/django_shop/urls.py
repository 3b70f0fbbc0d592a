"""The views of orders, and the routes."""
# mypy: disable-error-code="misc"  # the framework comes without types, so that every base class is Any

from __future__ import annotations

import uuid

from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.response import Response
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from django_shop.models import Order


class AddressSerializer(serializers.Serializer):
    """A billing address, with the bounds of the vendor's."""

    street_address = serializers.CharField(max_length=30)
    postal_code = serializers.IntegerField()
    city = serializers.CharField(max_length=50)
    state = serializers.CharField(max_length=50)
    country = serializers.CharField(max_length=30)


class UpdateSerializer(serializers.Serializer):
    """What PUT takes."""

    address = AddressSerializer()


class OrderView(GenericAPIView):
    """Read, change or delete an order of one's own."""

    serializer_class = UpdateSerializer

    def get_queryset(self) -> object:
        """Return the orders of the caller."""
        return Order.objects.filter(customer=self.request.user)

    def get(self, request: object, pk: uuid.UUID) -> Response:  # noqa: ARG002 - Django's signature
        """Read the order."""
        return Response({"id": str(self.get_object().pk)})

    def put(self, request: object, pk: uuid.UUID) -> Response:  # noqa: ARG002 - Django's signature
        """Change the order."""
        return Response({"id": str(self.get_object().pk)})

    def delete(self, request: object, pk: uuid.UUID) -> Response:  # noqa: ARG002 - Django's signature
        """Delete the order."""
        self.get_object().delete()
        return Response(status=204)


class OrderListView(GenericAPIView):
    """List one's own orders, or make one of what is in the cart."""

    pagination_class = LimitOffsetPagination
    filterset_fields = ("status",)

    def get_queryset(self) -> object:
        """Return the orders of the caller, the newest first."""
        return Order.objects.filter(customer=self.request.user).order_by("-created")

    def get(self, request: object) -> Response:  # noqa: ARG002 - Django's signature
        """List the orders."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([{"id": str(order.pk), "status": order.status} for order in page])

    def post(self, request: object) -> Response:
        """Make an order, with the checks in the vendor's order."""
        action, customer = request.data.get("action"), request.user
        if action not in {"checkout", "save_order"}:
            return Response({"error": "Invalid action"}, status=400)
        if not customer.cart:
            return Response({"error": "Can't create an order. Your cart is empty"}, status=400)
        address = request.data.get("billing_address")
        if not address:
            return Response({"billing_address": "Billing address was not provided"}, status=400)
        AddressSerializer(data=address).is_valid(raise_exception=True)
        order = Order.objects.create(customer=customer, created=timezone.now())
        if action == "checkout":
            return redirect(f"/api/v1/payments/checkout/order/{order.pk}/")
        return Response({"success": "Your Order has been saved"}, status=201)


class PlainOptions(OrderListView):
    """The list without the metadata of a serializer, which is the vendor's own."""

    metadata_class = type("Metadata", (OrderListView.metadata_class,), {"determine_actions": lambda *_: None})


urlpatterns = [
    path("api/v1/i/orders/", PlainOptions.as_view()),
    path("api/v1/i/orders/<uuid:pk>/", OrderView.as_view()),
    path("auth/token/", TokenObtainPairView.as_view()),
    path("auth/token/refresh/", TokenRefreshView.as_view()),
]
