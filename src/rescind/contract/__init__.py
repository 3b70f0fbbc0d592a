"""What vendors promise: an OpenAPI document, compiled once into operations that match, validate and reply."""
