"""Opens the bus that a service is configured for."""

from fraud_shared.mesh.client import ServiceClient
from fraud_shared.state.bus import Bus, HttpBus


def open_bus(amqp_url: str, service_client: ServiceClient) -> Bus:
    """RabbitMQ when `AMQP_URL` is set, else HTTP delivery."""
    if not amqp_url:
        return HttpBus(service_client)
    # Only services with a broker need the broker's library.
    from fraud_shared.state.rabbit import RabbitBus

    return RabbitBus(amqp_url)
