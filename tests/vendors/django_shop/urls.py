"""The view of an order, and the routes."""
# mypy: disable-error-code="misc"  # the framework comes without types, so that every base class is Any

from __future__ import annotations

import uuid

from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from django_shop.models import Order


class OrderView(APIView):
    """Read, change or delete an order of one's own."""

    def get_object(self) -> Order:
        """Return the order of the caller."""
        found: Order = get_object_or_404(Order, pk=self.kwargs["pk"], customer=self.request.user)
        return found

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


urlpatterns = [
    path("api/v1/i/orders/<uuid:pk>/", OrderView.as_view()),
    path("auth/token/", TokenObtainPairView.as_view()),
    path("auth/token/refresh/", TokenRefreshView.as_view()),
]
