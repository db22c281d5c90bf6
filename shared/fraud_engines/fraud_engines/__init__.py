"""The pure engines: rules and decision policy. The services and the gateway share them."""
