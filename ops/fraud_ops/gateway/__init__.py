"""Commands that ask a gateway, made from its OpenAPI document."""
