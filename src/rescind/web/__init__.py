"""Rescind over HTTP: the server, the addresses of sandboxes, and the control API."""
