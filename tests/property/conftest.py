"""`make fuzz` runs the properties of the server's parsers with a bigger profile: --hypothesis-profile=fuzz."""

from hypothesis import HealthCheck, settings

settings.register_profile("fuzz", max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
