"""The shop as its framework makes it: Django, Django REST framework and SimpleJWT, in the versions that the vendor pins.

Only what decides on an answer is here: the settings, the routes, the model of an order and its view, written for the
comparison in ``test_shop_like_django``.
"""
